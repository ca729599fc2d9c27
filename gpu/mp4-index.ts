import { BuildFailure } from "#core/previews/job.ts";

/**
 * The index of an MP4 or MOV file (ISO/IEC 14496-12), read in ranges: where it lies, and a copy of it that is valid
 * in front of the media, so that a file whose index is at its end can be decoded from a pipe.
 */

/** Reads `length` bytes at `from`; may answer fewer at the end of the file. */
export type ReadRange = (from: number, length: number) => Promise<Uint8Array>;

export interface Mp4Layout {
  ftyp: { at: number; length: number };
  moov: { at: number; length: number };
  /** Start of the media data. */
  mediaAt: number;
}

const MAX_BOXES = 64;
const MAX_INDEX_BYTES = 96 * 1024 * 1024;

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The boxes of the top level, as far as they make sense. */
async function* topLevel(read: ReadRange, bytes: number) {
  let at = 0;
  for (let count = 0; count < MAX_BOXES && at + 8 <= bytes; count++) {
    const head = view(await read(at, 16));
    if (head.byteLength < 8) return;
    let length = head.getUint32(0);
    if (length === 1 && head.byteLength >= 16) length = Number(head.getBigUint64(8));
    else if (length === 0) length = bytes - at;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => head.getUint8(i)));
    yield { type, at, length };
    if (length < 8) return;
    at += length;
  }
}

const firstTypes = new Set(["ftyp", "moov", "mdat", "wide", "free", "skip"]);

/** A decoder shows what is left of a file that was cut in its index, without the tracks that came last. */
export async function refuseCutIndex(read: ReadRange, bytes: number): Promise<void> {
  for await (const { type, at, length } of topLevel(read, bytes)) {
    if (at === 0 && !firstTypes.has(type)) return;
    if (type !== "moov") continue;
    if (at + length <= bytes) return;
    throw new BuildFailure(
      "truncated",
      "The file is incomplete: it ends in the middle of its index. Copy it again from the source, and upload the whole file.",
    );
  }
}

/** Walks the top level. Null: not this format, fragmented, or too unusual to stream. */
export async function mp4Layout(read: ReadRange, bytes: number): Promise<Mp4Layout | null> {
  const found: Partial<Record<string, { at: number; length: number }>> = {};
  for await (const { type, at, length } of topLevel(read, bytes)) {
    if (at === 0 && type !== "ftyp") return null;
    if (length < 8 || type === "moof" || type === "sidx") return null;
    found[type] ??= { at, length };
  }
  const { ftyp, moov, mdat } = found;
  if (!ftyp || !moov || !mdat || ftyp.length > 65_536 || moov.length > MAX_INDEX_BYTES) return null;
  return { ftyp, moov, mediaAt: mdat.at };
}

interface Span {
  type: string;
  start: number;
  body: number;
  end: number;
}

const containers = new Set(["moov", "trak", "mdia", "minf", "stbl"]);

function* spans(data: DataView, from: number, to: number): Generator<Span> {
  for (let at = from; at + 8 <= to; ) {
    const size = data.getUint32(at);
    const [length, body] =
      size === 1 ? [Number(data.getBigUint64(at + 8)), at + 16] : [size === 0 ? to - at : size, at + 8];
    if (length < body - at || at + length > to) throw new RangeError("a box of the index does not fit");
    yield {
      type: String.fromCharCode(...[4, 5, 6, 7].map((i) => data.getUint8(at + i))),
      start: at,
      body,
      end: at + length,
    };
    at += length;
  }
}

/** Every chunk offset of a table, `stco` or `co64`. */
function offsets(data: DataView, box: Span): number[] {
  const isWide = box.type === "co64";
  const count = Math.min(
    data.getUint32(box.body + 4),
    Math.floor((box.end - box.body - 8) / (isWide ? 8 : 4)),
  );
  return Array.from({ length: count }, (_, i) =>
    isWide ? Number(data.getBigUint64(box.body + 8 + 8 * i)) : data.getUint32(box.body + 8 + 4 * i),
  );
}

/** A copy of `moov` for a file in which everything behind `ftyp` lies further back by this very copy's length. */
export function movedIndex(moov: Uint8Array): Uint8Array {
  // Wide tables throughout: their size does not depend on the values, so the shift is known before it is written.
  const length = rewritten(moov, 0).byteLength;
  return rewritten(moov, length);
}

function rewritten(moov: Uint8Array, shift: number): Uint8Array {
  const data = view(moov);
  const parts = (from: number, to: number): Uint8Array[] =>
    [...spans(data, from, to)].flatMap((box) => box_(box));
  const box_ = (box: Span): Uint8Array[] => {
    if (box.type === "stco" || box.type === "co64") return [wideTable(offsets(data, box), shift)];
    if (!containers.has(box.type)) return [moov.subarray(box.start, box.end)];
    const inner = parts(box.body, box.end);
    return [
      header(
        box.type,
        inner.reduce((sum, part) => sum + part.byteLength, 8),
      ),
      ...inner,
    ];
  };
  return new Uint8Array(Buffer.concat(parts(0, moov.byteLength)));
}

function header(type: string, length: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(length, 0);
  bytes.write(type, 4, "latin1");
  return bytes;
}

function wideTable(values: number[], shift: number): Uint8Array {
  const bytes = Buffer.alloc(16 + 8 * values.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.write("co64", 4, "latin1");
  bytes.writeUInt32BE(values.length, 12);
  values.forEach((value, i) => {
    bytes.writeBigUInt64BE(BigInt(value + shift), 16 + 8 * i);
  });
  return bytes;
}

/** Where the first chunk of each track lies: a timecode track keeps its value there. */
export function firstChunks(moov: Uint8Array): number[] {
  const data = view(moov);
  const tables = (from: number, to: number): Span[] =>
    [...spans(data, from, to)].flatMap((box) => {
      if (box.type === "stco" || box.type === "co64") return [box];
      return containers.has(box.type) ? tables(box.body, box.end) : [];
    });
  return tables(0, moov.byteLength).flatMap((table) => offsets(data, table).slice(0, 1));
}
