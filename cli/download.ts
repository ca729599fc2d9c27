import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readChain } from "#core/custody/read-mhl.ts";
import { askStorage, backoffMs, type Client, Refused } from "./client.ts";
import { hashFile } from "./hash-file.ts";
import { bytesText, type Report } from "./report.ts";

interface Custody {
  hashes: { sha256: string | null };
  storage: { bytes: number };
  generations: { generation: number; fileName: string }[];
}

export interface Downloaded {
  file: string;
  bytes: number;
  sha256: string;
  /** Null while the server has not read the master in full yet. */
  isIntact: boolean | null;
}

const ATTEMPTS = 8;

/** Fetches a master into `folder`, going on where an earlier call stopped, and compares it with its custody hash. */
export async function download(
  { client, report }: { client: Client; report: Report },
  versionId: string,
  { folder, withMhl, signal }: { folder: string; withMhl: boolean; signal: AbortSignal },
): Promise<Downloaded> {
  mkdirSync(folder, { recursive: true });
  const custody = await client.get<Custody>(`/versions/${versionId}/custody`);
  if (withMhl) checkHistory(folder, custody);
  const part = join(folder, `.${versionId}.part`);
  const name = await fetchAll({ client, report }, versionId, part, custody.storage.bytes, signal);
  const { bytes, hashes } = await hashFile(part, ["sha256"]);
  const sha256 = hashes.sha256 ?? "";
  const isIntact = custody.hashes.sha256 === null ? null : custody.hashes.sha256 === sha256;
  if (isIntact === false) {
    rmSync(part); // the next call must not go on from it
    throw new Error(`what arrived is not the master: SHA-256 ${sha256} instead of ${custody.hashes.sha256}`);
  }
  const file = join(folder, name);
  if (existsSync(file) && (await hashFile(file, ["sha256"])).hashes.sha256 !== sha256)
    throw new Error(`${file} is another file. Move it away, or name another folder with --to`);
  renameSync(part, file);
  if (withMhl) await fetchManifests(client, versionId, custody, folder);
  return { file, bytes, sha256, isIntact };
}

async function fetchAll(
  { client, report }: { client: Client; report: Report },
  versionId: string,
  part: string,
  total: number,
  signal: AbortSignal,
): Promise<string> {
  for (let attempt = 1; ; attempt++)
    try {
      const { url } = await client.post<{ url: string }>(`/versions/${versionId}/download`);
      const have = existsSync(part) ? statSync(part).size : 0;
      checkRoom(dirname(part), total - have);
      if (have > total) throw new Local(`${part} is longer than the master; remove it and try again`);
      const headers: Record<string, string> = have > 0 && have < total ? { range: `bytes=${have}-` } : {};
      const answer = await askStorage(url, { headers, signal });
      const isRest = answer.status === 206;
      if (!answer.ok || (headers.range && !isRest) || !answer.body)
        throw new Refused(answer.status, "storage", `the storage answered ${answer.status}`);
      const name = nameOf(answer, versionId);
      if (have === total) {
        await answer.body.cancel();
        return name;
      }
      const file = await open(part, isRest ? "a" : "w");
      let done = isRest ? have : 0;
      try {
        for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
          await file.write(chunk);
          done += chunk.byteLength;
          report.progress(name, done, total);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      if (done === total) return name;
      throw new Error(`the connection ended after ${done} of ${total} bytes`);
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error) || attempt === ATTEMPTS) throw error;
      await pause(backoffMs(attempt), undefined, { signal });
    }
}

/** Of this machine, not of the line: asking again changes nothing. */
class Local extends Error {
  override name = "Local";
}

const localCodes = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EISDIR", "ENOTDIR"]);

const isFinal = (error: unknown) =>
  error instanceof Refused
    ? error.code !== "storage"
    : error instanceof Local || localCodes.has((error as NodeJS.ErrnoException).code ?? "");

/** What has been fetched stays, and the next call goes on from there. */
function checkRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < bytes)
    throw new Local(
      `${folder} has room for ${bytesText(bavail * bsize)}; ${bytesText(bytes)} are still to come`,
    );
}

/** The server made it safe for any file system already; a separator could still not leave the folder. */
function nameOf(answer: Response, versionId: string): string {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("content-disposition") ?? "")?.[1];
  const name = encoded ? decodeURIComponent(encoded) : versionId;
  return name.replace(/[/\\]/g, "_").replace(/^\.+/, "_");
}

/** A folder has one history; another one, or one that somebody went on with, is not overwritten. */
function checkHistory(folder: string, { generations }: Custody): void {
  const chain = join(folder, "ascmhl", "ascmhl_chain.xml");
  const ours = new Set(generations.map(({ fileName }) => fileName));
  if (existsSync(chain) && readChain(readFileSync(chain, "utf8")).some(({ path }) => !ours.has(path)))
    throw new Error(`${dirname(chain)} is the history of other files. Name another folder with --to`);
}

async function fetchManifests(client: Client, versionId: string, custody: Custody, folder: string) {
  const history = join(folder, "ascmhl");
  mkdirSync(history, { recursive: true });
  const chain = await client.text(`/versions/${versionId}/custody/mhl/chain`);
  const { generations } = custody.generations.length
    ? custody
    : await client.get<Custody>(`/versions/${versionId}/custody`);
  for (const { generation, fileName } of generations) {
    const { text } = await client.text(`/versions/${versionId}/custody/mhl?generation=${generation}`);
    writeFileSync(join(history, fileName.replace(/[/\\]/g, "_")), text);
  }
  writeFileSync(join(history, "ascmhl_chain.xml"), chain.text);
}
