import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import type { Claim, Hashes } from "#core/previews/job.ts";
import { feed, feedOnly, type Stream, streamOf, writeSparse } from "./feed.ts";
import { checkHashes, type Master, readMaster } from "./master.ts";
import { type ReadRange, refuseCutIndex } from "./mp4-index.ts";
import type { Scratch } from "./scratch.ts";

/** Where the material comes from: a file on the scratch disk, or a pipe that is fed. */
export interface Input {
  path: string;
  feed?: (sink: Writable, failed: AbortSignal) => Promise<void>;
}

/** How the master reaches ffmpeg. Small or awkward ones as a file, large well-behaved ones as they come. */
export interface Supply {
  probePath: string;
  isStreaming(): boolean;
  /** The master for one run that reads it to the end; hashed on the way when that has not happened yet. */
  input(signal: AbortSignal): Input;
  /** The master once more, beside the main run. */
  second(signal: AbortSignal): Input;
  /** Brings the whole master to the scratch disk, if it is not there. */
  download(): Promise<void>;
  /** What the master hashes to, checked against what was sent. Known after the first full read. */
  hashes(): Promise<Hashes>;
}

export async function openSupply(
  master: Master,
  claim: Claim,
  scratch: Scratch,
  signal: AbortSignal,
  fileBytes: number,
  onHashed: (hashes: Hashes) => Promise<void>,
): Promise<Supply> {
  let known: Hashes | undefined;
  let stream: Stream | null = await streamOf(master, fileBytes);
  const sparse = join(scratch.work, "probe");

  async function settle(hashes: Hashes): Promise<void> {
    if (known) return;
    checkHashes(claim, hashes);
    await onHashed(hashes);
    known = hashes;
  }

  async function download(): Promise<void> {
    await settle(await readMaster(master, signal, scratch.source));
    await using source = await open(scratch.source);
    const read: ReadRange = async (from, length) => {
      const { buffer, bytesRead } = await source.read(new Uint8Array(length), 0, length, from);
      return buffer.subarray(0, bytesRead);
    };
    await refuseCutIndex(read, master.bytes);
    stream = null;
    await rm(sparse, { force: true });
  }

  if (stream) await writeSparse(sparse, master.bytes, stream);
  else await download();

  const file = `file:${scratch.source}`;
  return {
    get probePath() {
      return stream ? `file:${sparse}` : file;
    },
    isStreaming: () => stream !== null,
    input(within) {
      const source = stream;
      if (!source) return { path: file };
      return {
        path: "pipe:0",
        feed: async (sink, failed) => {
          const hashes = await feed(master, source, sink, within, failed);
          if (hashes) await settle(hashes);
        },
      };
    },
    second(within) {
      const source = stream;
      return source
        ? { path: "pipe:0", feed: (sink) => feedOnly(master, source, sink, within) }
        : { path: file };
    },
    async download() {
      if (stream) await download();
    },
    async hashes() {
      if (!known) await settle(await readMaster(master, signal));
      if (!known) throw new Error("the master was read and not hashed");
      return known;
    },
  };
}
