/** What a file turned out to be, from its first bytes. `type` is the media type we record. */
export interface Sniffed {
  kind: "video" | "audio" | "image";
  type: string;
}

/** What is not media, by a name people know: the refusal says it. */
export interface Stranger {
  kind: "other";
  what: string;
}

/** How much of the file `sniff` wants to see. MXF may start with a run-in of up to 64 KiB. */
export const SNIFF_BYTES = 65_536 + 64;

const video = (type: string): Sniffed => ({ kind: "video", type });
const audio = (type: string): Sniffed => ({ kind: "audio", type });
const image = (type: string): Sniffed => ({ kind: "image", type });

type Bytes = Uint8Array;

const text = (bytes: Bytes, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));
const starts = (bytes: Bytes, ...prefix: number[]) => prefix.every((byte, i) => bytes[i] === byte);

/**
 * Reads what the content says, never the name. Containers by their published signatures: ISO BMFF, QuickTime,
 * Matroska, MXF, MPEG-TS/PS, RIFF, ASF, FLV, Ogg, the audio and still formats of post production, camera raws.
 */
export function sniff(bytes: Bytes): Sniffed | Stranger {
  return bmff(bytes) ?? riff(bytes) ?? streams(bytes) ?? sounds(bytes) ?? stills(bytes) ?? stranger(bytes);
}

const brandsOfStills: Record<string, string> = {
  avif: "image/avif",
  avis: "image/avif",
  heic: "image/heic",
  heix: "image/heic",
  heim: "image/heic",
  heis: "image/heic",
  mif1: "image/heif",
  msf1: "image/heif",
  "crx ": "image/x-canon-cr3",
};

function bmff(bytes: Bytes): Sniffed | undefined {
  const box = text(bytes, 4, 4);
  if (box === "ftyp") {
    const brand = text(bytes, 8, 4);
    const still = brandsOfStills[brand];
    if (still) return image(still);
    if (brand === "qt  ") return video("video/quicktime");
    if (brand.startsWith("3g")) return video("video/3gpp");
    if (brand === "M4A " || brand === "M4B ") return audio("audio/mp4");
    return video("video/mp4");
  }
  // QuickTime before `ftyp` existed, and cameras that write the media first.
  if (["moov", "mdat", "wide", "free", "skip", "pnot"].includes(box) && (bytes[0] ?? 255) < 64)
    return video("video/quicktime");
  if (/^RED[12]$/.test(box)) return video("video/x-red-r3d");
  return undefined;
}

function riff(bytes: Bytes): Sniffed | undefined {
  const container = text(bytes, 0, 4);
  const form = text(bytes, 8, 4);
  if (["RIFF", "RF64", "BW64"].includes(container)) {
    if (form === "WAVE") return audio("audio/wav");
    if (form === "AVI ") return video("video/x-msvideo");
    if (form === "WEBP") return image("image/webp");
  }
  if (container === "FORM" && /^AIF[FC]$/.test(form)) return audio("audio/aiff");
  return undefined;
}

function streams(bytes: Bytes): Sniffed | undefined {
  if (starts(bytes, 0x1a, 0x45, 0xdf, 0xa3))
    return video(text(bytes, 0, 64).includes("webm") ? "video/webm" : "video/x-matroska");
  if (isMxf(bytes)) return video("application/mxf");
  if (starts(bytes, 0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11)) return video("video/x-ms-asf");
  if (starts(bytes, 0x46, 0x4c, 0x56, 0x01)) return video("video/x-flv");
  if (starts(bytes, 0, 0, 1, 0xba) || starts(bytes, 0, 0, 1, 0xb3)) return video("video/mpeg");
  if (starts(bytes, 0x1f, 0x07, 0x00)) return video("video/x-dv");
  if (text(bytes, 0, 10) === "YUV4MPEG2 ") return video("video/x-yuv4mpeg2");
  if (text(bytes, 0, 4) === "DKIF") return video("video/x-ivf");
  if (starts(bytes, 0, 0, 0, 0, 1, 0xbc)) return video("application/gxf");
  // The sync byte must come back packet after packet: 188 bytes, 192 with a timecode in front, 204 with parity.
  // A recording may begin in the middle of one; chance would have to hit more often then.
  for (const [size, usual] of [
    [188, 0],
    [192, 4],
    [204, 0],
  ] as const)
    for (let first = 0; first < size; first++)
      if (repeats(bytes, 0x47, first, size, first === usual ? 3 : 5)) return video("video/mp2t");
  return elementary(bytes);
}

function repeats(bytes: Bytes, value: number, from: number, step: number, times: number): boolean {
  for (let n = 0; n < times; n++) if (bytes[from + n * step] !== value) return false;
  return true;
}

/** Pictures without a container: the first unit sets parameters or delimits (ITU-T H.264 and H.265, Annex B). */
function elementary(bytes: Bytes): Sniffed | undefined {
  if (!starts(bytes, 0, 0, 0, 1)) return undefined;
  const head = bytes[4] ?? 0;
  if (head < 0x80 && [7, 9].includes(head & 31)) return video("video/h264");
  if (bytes[5] === 1 && [32, 35].includes(head >> 1)) return video("video/h265");
  return undefined;
}

/** The partition pack key of SMPTE ST 377-1, after an optional run-in. */
function isMxf(bytes: Bytes): boolean {
  const key = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x02];
  const last = Math.min(bytes.length - key.length, 65_536);
  for (let at = 0; at <= last; at++)
    if (bytes[at] === 0x06 && key.every((byte, i) => i === 5 || bytes[at + i] === byte)) return true;
  return false;
}

function sounds(bytes: Bytes): Sniffed | undefined {
  const magic = text(bytes, 0, 4);
  if (magic === "fLaC") return audio("audio/flac");
  if (magic === "OggS") {
    const head = text(bytes, 28, 8);
    return head.includes("theora") ? video("video/ogg") : audio("audio/ogg");
  }
  if (magic === "riff" && starts(bytes.subarray(4), 0x2e, 0x91, 0xcf, 0x11)) return audio("audio/x-w64");
  if (starts(bytes, 0x7f, 0xfe, 0x80, 0x01)) return audio("audio/vnd.dts");
  if (magic === "caff") return audio("audio/x-caf");
  if (magic === "wvpk") return audio("audio/x-wavpack");
  if (text(bytes, 0, 5) === "#!AMR") return audio("audio/amr");
  if (text(bytes, 0, 3) === "ID3") return audio("audio/mpeg");
  if (starts(bytes, 0x0b, 0x77)) return audio("audio/ac3");
  if (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0) return audio("audio/aac");
  if (bytes[0] === 0xff && isMpegAudio(bytes[1] ?? 0, bytes[2] ?? 0)) return audio("audio/mpeg");
  return undefined;
}

/** A frame header with no reserved value: a bare sync word would also match UTF-16 text. */
function isMpegAudio(second: number, third: number): boolean {
  const hasSync = (second & 0xe0) === 0xe0;
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  const bitrate = third >> 4;
  const rate = (third >> 2) & 3;
  // FF FE also begins every UTF-16 text; as a sync word it would be layer I, which nobody makes.
  return (
    hasSync &&
    second !== 0xfe &&
    version !== 1 &&
    layer !== 0 &&
    bitrate !== 0 &&
    bitrate !== 15 &&
    rate !== 3
  );
}

function stills(bytes: Bytes): Sniffed | undefined {
  if (starts(bytes, 0xff, 0xd8, 0xff)) return image("image/jpeg");
  if (starts(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return image("image/png");
  if (/^GIF8[79]a$/.test(text(bytes, 0, 6))) return image("image/gif");
  if (starts(bytes, 0x76, 0x2f, 0x31, 0x01)) return image("image/x-exr");
  if (/^(SDPX|XPDS)$/.test(text(bytes, 0, 4))) return image("image/x-dpx");
  if (starts(bytes, 0x80, 0x2a, 0x5f, 0xd7)) return image("image/x-cineon");
  if (starts(bytes, 0x49, 0x49, 0x2a, 0) || starts(bytes, 0x4d, 0x4d, 0, 0x2a)) return image("image/tiff");
  if (starts(bytes, 0x49, 0x49, 0x2b, 0) || starts(bytes, 0x4d, 0x4d, 0, 0x2b)) return image("image/tiff");
  if (starts(bytes, 0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20) || starts(bytes, 0xff, 0x4f, 0xff, 0x51))
    return image("image/jp2");
  if (starts(bytes, 0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20) || starts(bytes, 0xff, 0x0a))
    return image("image/jxl");
  if (text(bytes, 0, 4) === "8BPS") return image("image/vnd.adobe.photoshop");
  if (text(bytes, 0, 2) === "BM" && bytes[6] === 0 && bytes[7] === 0) return image("image/bmp");
  return undefined;
}

function stranger(bytes: Bytes): Stranger {
  const other = (what: string): Stranger => ({ kind: "other", what });
  const magic = text(bytes, 0, 4);
  if (magic === "%PDF") return other("a PDF document");
  if (magic.startsWith("PK")) return other("a ZIP archive or an office document");
  if (magic.startsWith("MZ") || magic === "\x7fELF" || starts(bytes, 0xcf, 0xfa, 0xed, 0xfe))
    return other("a program");
  if (starts(bytes, 0x1f, 0x8b) || starts(bytes, 0xfd, 0x37, 0x7a) || magic.startsWith("7z"))
    return other("a compressed archive");
  if (bytes.length > 0 && bytes.every((byte) => byte === 0)) return other("nothing but zero bytes");
  const head = new TextDecoder("utf-8", { fatal: false }).decode(bytes.subarray(0, 1024)).trimStart();
  if (/^(<!doctype html|<html|<head|<body|<script)/i.test(head)) return other("a web page");
  if (/^(<\?xml|<svg)/i.test(head)) return other("an XML document");
  const odd = [...bytes.subarray(0, 1024)].filter((byte) => byte < 9 || (byte > 13 && byte < 32)).length;
  return other(odd === 0 && bytes.length > 0 ? "text" : "no video, audio or picture format we know");
}
