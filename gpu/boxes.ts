/** Just enough of ISO/IEC 14496-12 to read what our own encoder writes: init segments and fragments. */

export interface Track {
  timescale: number;
  /** RFC 6381, as in `avc1.64001f` or `mp4a.40.2`. */
  codec: string;
  width: number;
  height: number;
  hasEditList: boolean;
  defaults: { duration: number; size: number; flags: number };
}

export interface Sample {
  duration: number;
  size: number;
  isSync: boolean;
  /** Presentation time minus decoding time. */
  offset: number;
}

export interface Fragment {
  /** Byte position of the moof in its file. */
  at: number;
  /** Byte position just behind the first sample. */
  firstSampleEnd: number;
  decodeTime: number;
  samples: Sample[];
}

interface Box {
  type: string;
  start: number;
  body: number;
  end: number;
}

function* boxesIn(data: DataView, from: number, to: number): Generator<Box> {
  let at = from;
  while (at + 8 <= to) {
    let size = data.getUint32(at);
    let body = at + 8;
    if (size === 1) {
      size = Number(data.getBigUint64(at + 8));
      body = at + 16;
    }
    if (size === 0) size = to - at;
    if (size < body - at || at + size > to) throw new RangeError(`a box at ${at} does not fit its file`);
    const type = String.fromCharCode(
      data.getUint8(at + 4),
      data.getUint8(at + 5),
      data.getUint8(at + 6),
      data.getUint8(at + 7),
    );
    yield { type, start: at, body, end: at + size };
    at += size;
  }
}

function find(data: DataView, within: Box | DataView, ...path: string[]): Box | undefined {
  let range = "type" in within ? within : { type: "", start: 0, body: 0, end: within.byteLength };
  for (const type of path) {
    const next = [...boxesIn(data, range.body, range.end)].find((box) => box.type === type);
    if (!next) return undefined;
    range = next;
  }
  return range;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const hex = (byte: number) => byte.toString(16).padStart(2, "0");

/** Reads the one track of an init segment. Throws on what our encoder would not write. */
export function readInit(bytes: Uint8Array): Track {
  const data = view(bytes);
  const track = find(data, data, "moov", "trak");
  const mdhd = track && find(data, track, "mdia", "mdhd");
  const stsd = track && find(data, track, "mdia", "minf", "stbl", "stsd");
  const trex = find(data, data, "moov", "mvex", "trex");
  if (!track || !mdhd || !stsd) throw new RangeError("an init segment without a track");
  const entry = [...boxesIn(data, stsd.body + 8, stsd.end)][0];
  if (!entry) throw new RangeError("an init segment without a sample entry");
  const isPicture = entry.type === "avc1";
  return {
    timescale: data.getUint32(mdhd.body + (data.getUint8(mdhd.body) === 1 ? 20 : 12)),
    codec: isPicture ? avcCodec(data, entry) : aacCodec(data, entry),
    width: isPicture ? data.getUint16(entry.body + 24) : 0,
    height: isPicture ? data.getUint16(entry.body + 26) : 0,
    hasEditList: find(data, track, "edts", "elst") !== undefined,
    defaults: trex
      ? {
          duration: data.getUint32(trex.body + 12),
          size: data.getUint32(trex.body + 16),
          flags: data.getUint32(trex.body + 20),
        }
      : { duration: 0, size: 0, flags: 0 },
  };
}

function avcCodec(data: DataView, entry: Box): string {
  const avcC = [...boxesIn(data, entry.body + 78, entry.end)].find((box) => box.type === "avcC");
  if (!avcC) throw new RangeError("an avc1 entry without avcC");
  return `avc1.${[1, 2, 3].map((i) => hex(data.getUint8(avcC.body + i))).join("")}`;
}

/** The audio object type is the first five bits of the AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1). */
function aacCodec(data: DataView, entry: Box): string {
  const esds = [...boxesIn(data, entry.body + 28, entry.end)].find((box) => box.type === "esds");
  if (entry.type !== "mp4a" || !esds) throw new RangeError(`a sample entry of type ${entry.type}`);
  for (let at = esds.body + 4; at < esds.end - 2; at++) {
    if (data.getUint8(at) !== 0x05) continue; // DecoderSpecificInfo
    let body = at + 1;
    while (body < esds.end && data.getUint8(body) & 0x80) body++;
    return `mp4a.40.${data.getUint8(body + 1) >> 3}`;
  }
  return "mp4a.40.2";
}

/** Reads every fragment of a media segment. */
export function readFragments(bytes: Uint8Array, track: Track): Fragment[] {
  const data = view(bytes);
  const fragments: Fragment[] = [];
  for (const moof of boxesIn(data, 0, data.byteLength)) {
    if (moof.type !== "moof") continue;
    const traf = find(data, moof, "traf");
    const tfhd = traf && find(data, traf, "tfhd");
    const tfdt = traf && find(data, traf, "tfdt");
    if (!traf || !tfhd || !tfdt) throw new RangeError("a fragment without its headers");
    const defaults = fragmentDefaults(data, tfhd, track);
    const decodeTime =
      data.getUint8(tfdt.body) === 1
        ? Number(data.getBigUint64(tfdt.body + 4))
        : data.getUint32(tfdt.body + 4);
    const samples: Sample[] = [];
    let firstSampleEnd = moof.end;
    for (const trun of boxesIn(data, traf.body, traf.end)) {
      if (trun.type !== "trun") continue;
      const read = readRun(data, trun, defaults);
      if (samples.length === 0) firstSampleEnd = moof.start + read.dataOffset + (read.samples[0]?.size ?? 0);
      samples.push(...read.samples);
    }
    fragments.push({ at: moof.start, firstSampleEnd, decodeTime, samples });
  }
  return fragments;
}

function fragmentDefaults(data: DataView, tfhd: Box, track: Track): Track["defaults"] {
  const flags = data.getUint32(tfhd.body) & 0xffffff;
  let at = tfhd.body + 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
  const next = (bit: number, fallback: number) => {
    if (!(flags & bit)) return fallback;
    at += 4;
    return data.getUint32(at - 4);
  };
  const duration = next(0x8, track.defaults.duration);
  const size = next(0x10, track.defaults.size);
  return { duration, size, flags: next(0x20, track.defaults.flags) };
}

const NON_SYNC = 0x10000;

function readRun(
  data: DataView,
  trun: Box,
  defaults: Track["defaults"],
): { samples: Sample[]; dataOffset: number } {
  const flags = data.getUint32(trun.body) & 0xffffff;
  const count = data.getUint32(trun.body + 4);
  let at = trun.body + 8;
  const take = (bit: number, fallback: number, isSigned = false) => {
    if (!(flags & bit)) return fallback;
    at += 4;
    return isSigned ? data.getInt32(at - 4) : data.getUint32(at - 4);
  };
  const dataOffset = take(0x1, 0, true);
  const firstFlags = take(0x4, -1);
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const duration = take(0x100, defaults.duration);
    const size = take(0x200, defaults.size);
    const own = take(0x400, i === 0 && firstFlags !== -1 ? firstFlags : defaults.flags);
    samples.push({ duration, size, isSync: (own & NON_SYNC) === 0, offset: take(0x800, 0, true) });
  }
  return { samples, dataOffset };
}
