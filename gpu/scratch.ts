import { mkdir, readdir, readFile, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

export interface Scratch {
  root: string;
  /** The downloaded master: no extension, nothing ffmpeg could take for a pattern. */
  source: string;
  out: string;
  work: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The scratch disk has no room, which says nothing about the file. */
export class ScratchFull extends Error {
  override name = "ScratchFull";
}

/** A folder for one attempt, removed at the end of its scope whatever happens. */
export async function openScratch(base: string, name: string): Promise<Scratch> {
  if (!/^[\w.-]+$/.test(name)) throw new RangeError("a scratch folder with a foreign name");
  const root = join(base, name);
  await rm(root, { recursive: true, force: true });
  const scratch = { root, source: join(root, "source"), out: join(root, "out"), work: join(root, "work") };
  await mkdir(scratch.out, { recursive: true, mode: 0o700 });
  await mkdir(scratch.work, { mode: 0o700 });
  return { ...scratch, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

/** Between two tries at the same file. */
export async function emptyOut(scratch: Scratch): Promise<void> {
  await rm(scratch.out, { recursive: true, force: true });
  await mkdir(scratch.out, { mode: 0o700 });
}

/** When a process was started, in clock ticks since boot: a pid alone may have been given out again. */
async function startedAt(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

/** This process's own part of the scratch disk; parts whose process is dead are emptied on the way. */
export async function claimScratch(base: string): Promise<string> {
  await mkdir(base, { recursive: true, mode: 0o700 });
  for (const name of await readdir(base)) {
    const [, pid, ticks] = /^w(\d+)-(\w+)$/.exec(name) ?? [];
    if (pid && (await startedAt(Number(pid))) !== ticks)
      await rm(join(base, name), { recursive: true, force: true });
  }
  const own = join(base, `w${process.pid}-${(await startedAt(process.pid)) ?? "x"}`);
  await mkdir(own, { recursive: true, mode: 0o700 });
  return own;
}

/** Bytes below a folder. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          (s) => s.size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export async function freeBytes(folder: string): Promise<number> {
  const stats = await statfs(folder);
  return stats.bavail * stats.bsize;
}
