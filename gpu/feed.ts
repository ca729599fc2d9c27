import { open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { openDigest } from "#core/custody/digest.ts";
import type { Hashes } from "#core/previews/job.ts";
import type { Master } from "./master.ts";
import { firstChunks, movedIndex, mp4Layout, type ReadRange, refuseCutIndex } from "./mp4-index.ts";

/** Up to this size a master is copied to the scratch disk first: simpler, and hardly slower. */
export const FILE_BYTES = 64 * 1024 * 1024;
const HEAD_BYTES = 8 * 1024 * 1024;
const TAIL_BYTES = 1024 * 1024;
const SMALL_BYTES = 65_536;

/** How a master that is too large to wait for can be decoded as it comes. */
export interface Stream {
  /** What is put before the master's own bytes, and how many of those it replaces. */
  front: Uint8Array;
  skip: number;
  /** Pieces that ffprobe looks at, for a sparse copy. */
  pieces: { at: number; bytes: Uint8Array }[];
}

const isMatroska = (head: Uint8Array) => Buffer.from(head.subarray(0, 4)).toString("hex") === "1a45dfa3";
const isMxf = (head: Uint8Array) => Buffer.from(head.subarray(0, 4)).toString("hex") === "060e2b34";

/** Null: this one has to be on the disk as a whole, because its demuxer must be able to jump. */
export async function streamOf(master: Master, fileBytes: number): Promise<Stream | null> {
  if (master.bytes <= fileBytes) return null;
  const read: ReadRange = (from, length) => master.range(from, Math.min(length, master.bytes - from));
  const [head, tail] = await Promise.all([read(0, HEAD_BYTES), read(master.bytes - TAIL_BYTES, TAIL_BYTES)]);
  const pieces = [
    { at: 0, bytes: head },
    { at: master.bytes - TAIL_BYTES, bytes: tail },
  ];
  if (isMatroska(head) || isMxf(head)) return { front: new Uint8Array(), skip: 0, pieces };
  const cached: ReadRange = async (from, length) =>
    from + length <= head.byteLength ? head.subarray(from, from + length) : read(from, length);
  await refuseCutIndex(cached, master.bytes);
  const layout = await mp4Layout(cached, master.bytes);
  if (!layout) return null;
  const moov = await cached(layout.moov.at, layout.moov.length);
  pieces.push({ at: layout.moov.at, bytes: moov });
  for (const at of firstChunks(moov)) {
    if (at < master.bytes)
      pieces.push({ at, bytes: await cached(at, Math.min(SMALL_BYTES, master.bytes - at)) });
  }
  if (layout.moov.at < layout.mediaAt) return { front: new Uint8Array(), skip: 0, pieces };
  const { ftyp } = layout;
  const front = Buffer.concat([head.subarray(ftyp.at, ftyp.at + ftyp.length), movedIndex(moov)]);
  return { front, skip: ftyp.length, pieces };
}

/** A file of the master's length that holds only the given pieces: enough to ask what it is. */
export async function writeSparse(path: string, bytes: number, stream: Stream): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.truncate(bytes);
  for (const piece of stream.pieces) await file.write(piece.bytes, 0, piece.bytes.byteLength, piece.at);
}

/**
 * Reads the whole master once, in order: hashed as it is, and written to `sink` as the demuxer wants it. A reader that
 * has seen enough may leave; the hash goes on to the end.
 */
export async function feed(
  master: Master,
  stream: Stream,
  sink: Writable,
  signal: AbortSignal,
  failed: AbortSignal,
): Promise<Hashes | null> {
  const digest = await openDigest();
  const pipe = openSink(sink);
  await pipe.write(stream.front);
  let at = 0;
  for await (const chunk of master.read()) {
    signal.throwIfAborted();
    if (failed.aborted) return null;
    const behind = Math.max(0, stream.skip - at);
    at += chunk.byteLength;
    const written = behind < chunk.byteLength ? pipe.write(chunk.subarray(behind)) : undefined;
    digest.update(chunk);
    await written;
  }
  pipe.end();
  return digest.finish();
}

/** The bytes for a demuxer alone, until it has enough. */
export async function feedOnly(
  master: Master,
  stream: Stream,
  sink: Writable,
  signal: AbortSignal,
): Promise<void> {
  const pipe = openSink(sink);
  await pipe.write(stream.front);
  let at = 0;
  for await (const chunk of master.read()) {
    if (signal.aborted || pipe.isGone()) break;
    const behind = Math.max(0, stream.skip - at);
    at += chunk.byteLength;
    if (behind < chunk.byteLength) await pipe.write(chunk.subarray(behind));
  }
  pipe.end();
}

/** Writing to a process that may leave at any time: what it does not want any more is no error. */
function openSink(sink: Writable) {
  let isGone = sink.destroyed;
  const leave = () => {
    isGone = true;
  };
  sink.on("error", leave).on("close", leave);
  return {
    isGone: () => isGone,
    async write(bytes: Uint8Array): Promise<void> {
      if (isGone || bytes.byteLength === 0) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          sink.off("close", done);
          resolve();
        };
        sink.on("close", done);
        sink.write(bytes, done);
      });
    },
    end(): void {
      if (!isGone) sink.end();
    },
  };
}
