import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { c4Of } from "#core/custody/digest.ts";
import { type MhlEntry, NotMhl, readChain, readMhl } from "#core/custody/read-mhl.ts";
import { type HashFormat, hashFile, hashFormats } from "./hash-file.ts";
import type { Report } from "./report.ts";

export interface Verdict {
  file: string;
  isIntact: boolean;
  faults: string[];
  hashes: Record<string, string>;
  manifests: string[];
}

/**
 * Checks a file against its ASC MHL history, offline: the chain names every manifest with its C4, each manifest is
 * checked against that, and the file against every generation that lists it. `mhl` is a manifest, an `ascmhl` folder,
 * or absent for the `ascmhl` folder beside the file or nearest above it.
 */
export async function verifyByMhl(report: Report, file: string, mhl: string | undefined): Promise<Verdict> {
  const faults: string[] = [];
  const history = historyOf(file, mhl);
  const manifests = history.isFolder ? chained(history.path, faults) : [history.path];
  const entries: MhlEntry[] = [];
  for (const manifest of manifests)
    try {
      const found = entryOf(readMhl(readFileSync(manifest, "utf8")), manifest, file);
      if (found) entries.push(found);
    } catch (error) {
      if (!(error instanceof NotMhl)) throw error;
      faults.push(`${basename(manifest)}: ${error.message}`);
    }
  if (entries.length === 0) faults.push(`no manifest lists ${basename(file)}`);
  const wanted = entries.flatMap(({ hashes }) => hashes.filter(({ action }) => action !== "failed"));
  if (entries.length > 0 && wanted.length === 0) faults.push("the manifests give no hash to compare with");
  const formats = [...new Set(wanted.map(({ format }) => format))].filter((format): format is HashFormat =>
    hashFormats.some((known) => known === format),
  );
  const total = statSync(file).size;
  const { bytes, hashes } = await hashFile(file, formats, (done) => report.progress(file, done, total));
  for (const entry of entries)
    if (entry.bytes !== undefined && entry.bytes !== bytes)
      faults.push(`the file has ${bytes} bytes, the manifest says ${entry.bytes}`);
  for (const { format, value } of wanted)
    if (hashes[format as HashFormat] !== value) faults.push(`${format} differs: the manifest says ${value}`);
  return {
    file,
    isIntact: faults.length === 0,
    faults: [...new Set(faults)],
    hashes: hashes as Record<string, string>,
    manifests: manifests.map((path) => basename(path)),
  };
}

const FOLDER = "ascmhl";

function historyOf(file: string, mhl: string | undefined): { path: string; isFolder: boolean } {
  const path = mhl ?? join(rootAbove(file), FOLDER);
  if (!existsSync(path)) throw new NotMhl(`there is no manifest at ${path}`);
  if (!statSync(path).isDirectory()) return { path, isFolder: false };
  const inner = join(path, FOLDER);
  return { path: existsSync(inner) ? inner : path, isFolder: true };
}

/** The nearest folder around the file that has a history, or else the one the file lies in. */
function rootAbove(file: string): string {
  for (let folder = dirname(resolve(file)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, FOLDER))) return folder;
    if (folder === dirname(folder)) return dirname(file);
  }
}

/** The manifests of a folder, in the order of its chain; one that was changed or is missing is a fault. */
function chained(folder: string, faults: string[]): string[] {
  const chainFile = join(folder, "ascmhl_chain.xml");
  if (!existsSync(chainFile)) {
    faults.push("ascmhl_chain.xml is missing");
    return readdirSync(folder)
      .filter((name) => name.endsWith(".mhl"))
      .sort()
      .map((name) => join(folder, name));
  }
  return readChain(readFileSync(chainFile, "utf8")).flatMap(({ path, c4 }) => {
    const manifest = join(folder, basename(path));
    if (!existsSync(manifest)) {
      faults.push(`the chain names ${path}, which is missing`);
      return [];
    }
    if (c4Of(createHash("sha512").update(readFileSync(manifest)).digest()) !== c4)
      faults.push(`${path} was changed after it joined the chain`);
    return [manifest];
  });
}

/**
 * Manifests list paths relative to the folder that holds `ascmhl`: a file in there is the one at its very path, for
 * folders of a card hold files of the same name. One that lies elsewhere is known by its name.
 */
function entryOf(entries: MhlEntry[], manifest: string, file: string): MhlEntry | undefined {
  const history = dirname(resolve(manifest));
  const path = relative(dirname(history), resolve(file)).split(sep).join("/");
  if (basename(history) === FOLDER && !path.startsWith("../"))
    return entries.find((entry) => isSame(entry.path, path));
  const name = basename(file);
  const named = entries.filter((entry) => isSame(basename(entry.path), name));
  if (named.length > 1)
    throw new NotMhl(`it lists several files called ${name}; check the file where it lay beside them`);
  return named[0];
}

/** Some disks keep accents as letters of their own. */
const isSame = (a: string, b: string) => a.normalize() === b.normalize();
