import { BuildFailure } from "#core/previews/job.ts";
import { formatTimecode, soundRate } from "#core/timecode/timecode.ts";
import { type Caps, stillFormats } from "./limits.ts";
import type { Probed, ProbedStream } from "./probe-shape.ts";
import { type Ratio, rateOf } from "./rate.ts";

export interface Picture {
  /** Index in the file. */
  index: number;
  codec: string;
  profile: string | null;
  pixelFormat: string | null;
  bitDepth: number;
  chroma: "420" | "422" | "444" | "gray" | "rgb";
  codedWidth: number;
  codedHeight: number;
  /** As shown: rotated, square pixels, even. */
  width: number;
  height: number;
  rotation: 0 | 90 | 180 | 270;
  /** As coded: neither turned nor mirrored. */
  isUpright: boolean;
  /** The samples are square as coded. */
  isSquare: boolean;
  rate: Ratio;
  /** The container's two ideas of the rate disagree, or it has none. */
  looksVariable: boolean;
  frames: number | null;
  /** Length of the picture alone. */
  seconds: number | null;
  interlaced: boolean;
  hasAlpha: boolean;
  /** The decoder to ask for by name, because the usual one leaves something out. */
  decoder: "libvpx" | "libvpx-vp9" | null;
  /** Dolby Vision without a base layer that others can show: its colours mean something else. */
  isDolbyOnly: boolean;
  transfer: "sdr" | "hdr10" | "hlg";
  matrix: "bt709" | "bt601" | "bt2020" | "rgb";
  /** Colours beyond what the preview's primaries reach; null for the usual ones. */
  wideGamut: "bt2020" | "smpte431" | "smpte432" | null;
  fullRange: boolean;
  /** Seconds by which the first frame follows the start of the file. */
  lateSeconds: number;
  /** The file starts with frames that an edit list hides. */
  hasPreRoll: boolean;
  level: number | null;
  bitRate: number | null;
}

export interface Sound {
  index: number;
  codec: string;
  profile: string | null;
  channels: number;
  layout: string | null;
  sampleRate: number | null;
  seconds: number | null;
  language: string | null;
  title: string | null;
  isDefault: boolean;
}

export interface Captions {
  index: number;
  codec: string;
  language: string | null;
  title: string | null;
}

/** What a file is, as far as a preview cares. Pure data: the plan is made from it and nothing else. */
export interface Source {
  kind: "video" | "audio" | "image";
  container: string;
  durationSeconds: number | null;
  /** What the lengths count although nothing is there: an empty edit in front of everything. */
  emptySeconds: number;
  picture: Picture | null;
  /** How many there are; the first is shown. */
  pictures: number;
  /** There is a picture of which nothing is known, not even its size. */
  hasLostPicture: boolean;
  sound: Sound[];
  captions: Captions[];
  /** `HH:MM:SS:FF` or `HH:MM:SS;FF`; sound counts 25ths of a second. */
  startTimecode: string | null;
  bitRate: number | null;
}

/** Every frame that was looked for could not be decoded. */
export const noSamples = () =>
  new BuildFailure(
    "no-samples",
    "The file has no frame that can be decoded. Export it again and upload the new file.",
  );

const textCaptions = new Set([
  "subrip",
  "srt",
  "ass",
  "ssa",
  "webvtt",
  "mov_text",
  "text",
  "eia_608",
  "ttml",
]);

/** Turns ffprobe's answer into a `Source`, or refuses with a reason a person can act on. */
export function sourceOf(probe: Probed, caps: Caps): Source {
  const names = probe.format.format_name.split(",");
  const duration = durationOf(probe);
  if (probe.streams.length > caps.streams) {
    throw new BuildFailure(
      "too-many-streams",
      `The file has ${probe.streams.length} streams; at most ${caps.streams} are handled. Export it with fewer tracks.`,
    );
  }
  if (duration !== null && duration > caps.durationSeconds) {
    throw new BuildFailure(
      "too-long",
      `The file lasts ${Math.round(duration / 3600)} hours; at most ${Math.round(caps.durationSeconds / 3600)} are handled. Split it and upload the parts.`,
    );
  }
  for (const stream of probe.streams) {
    if (stream.codec_type === "video" && stream.width * stream.height > caps.pixels) {
      throw new BuildFailure(
        "too-many-pixels",
        `The picture is ${stream.width}x${stream.height}; at most ${Math.round(caps.pixels / 1e6)} million pixels are handled. Export it smaller and upload that.`,
      );
    }
  }
  if (isEncrypted(probe)) {
    throw new BuildFailure(
      "codec-not-supported",
      "The file is encrypted: it plays only where its key is. Export it without copy protection and upload that.",
    );
  }
  const isStillFormat = names.some((name) => stillFormats.has(name));
  const videos = probe.streams.filter(
    (stream) =>
      stream.codec_type === "video" &&
      stream.width > 0 &&
      stream.height > 0 &&
      !stream.disposition.attached_pic,
  );
  const [video] = videos;
  const sound = probe.streams
    .filter((stream) => stream.codec_type === "audio" && stream.channels > 0)
    .map(soundOf);
  const isAvif = /^(avif|avis|heic|mif1)/.test(probe.format.tags.major_brand ?? "");
  const isImage =
    video !== undefined && sound.length === 0 && (isStillFormat || (isAvif && (video.nb_frames ?? 1) <= 1));
  if (!video && names.includes("webp_pipe")) {
    throw new BuildFailure(
      "codec-not-supported",
      "Animated WebP cannot be read. Export it as GIF, APNG or video and upload that.",
    );
  }
  // Where the track says nothing of its clock, the demuxer takes whole seconds, and a frame lasts minutes.
  const hasClock = !video || video.time_base?.num !== video.time_base?.den;
  if (!hasClock && duration !== null && (video.nb_frames ?? 0) > duration + 1) {
    throw new BuildFailure(
      "damaged",
      "The file does not say how fast its picture runs: the clock of the track is zero. Export it again and upload the new file.",
    );
  }
  if (!video && sound.length === 0) {
    throw new BuildFailure(
      "no-samples",
      "The file holds neither picture nor sound that can be read. Export it again and upload the new file.",
    );
  }
  return {
    kind: isImage ? "image" : video ? "video" : "audio",
    container: names[0] ?? "unknown",
    durationSeconds: isImage ? null : duration,
    emptySeconds: names.includes("mov") ? Math.max(0, probe.format.start_time ?? 0) : 0,
    picture: video ? pictureOf(video, probe, isImage) : null,
    pictures: videos.length,
    hasLostPicture: probe.streams.some(
      (stream) => stream.codec_type === "video" && stream.width === 0 && !stream.disposition.attached_pic,
    ),
    sound,
    captions: probe.streams
      .filter((stream) => stream.codec_type === "subtitle" && textCaptions.has(stream.codec_name))
      .map((stream) => ({
        index: stream.index,
        codec: stream.codec_name,
        language: languageOf(stream),
        title: stream.tags.title ?? null,
      })),
    startTimecode: timecodeOf(probe),
    bitRate: probe.format.bit_rate,
  };
}

/** Common encryption shows in the packets, FairPlay in the names of its codecs. */
function isEncrypted({ packets, streams }: Probed): boolean {
  return (
    packets.some((packet) =>
      packet.side_data_list.some((data) => data.side_data_type === "Encryption info"),
    ) || streams.some((stream) => /^(drm[ims]|enc[av])$/.test(stream.codec_tag_string ?? ""))
  );
}

function durationOf(probe: Probed): number | null {
  const longest = Math.max(0, ...probe.streams.map((stream) => stream.duration ?? 0));
  const duration = probe.format.duration ?? (longest > 0 ? longest : null);
  return duration !== null && duration > 0 ? duration : null;
}

function languageOf(stream: ProbedStream): string | null {
  const language = stream.tags.language;
  return language && language !== "und" && /^[A-Za-z-]{2,35}$/.test(language) ? language.toLowerCase() : null;
}

function soundOf(stream: ProbedStream): Sound {
  return {
    index: stream.index,
    codec: stream.codec_name,
    profile: stream.profile ?? null,
    channels: stream.channels,
    layout: stream.channel_layout ?? null,
    sampleRate: stream.sample_rate,
    seconds: lengthOf(stream),
    language: languageOf(stream),
    title: stream.tags.title ?? null,
    isDefault: stream.disposition.default === 1,
  };
}

const even = (value: number) => Math.max(2, 2 * Math.round(value / 2));

function pictureOf(stream: ProbedStream, probe: Probed, isImage: boolean): Picture {
  const rotation = rotationOf(stream);
  const sar = stream.sample_aspect_ratio ?? { num: 1, den: 1 };
  const aspect = sar.num / sar.den;
  // A sane pixel shape only: a hostile 1:60000 would ask for an endless line.
  const isSquare = aspect === 1 || aspect < 0.1 || aspect > 10;
  const shown = { width: even(stream.width * (isSquare ? 1 : aspect)), height: even(stream.height) };
  const isTurned = rotation === 90 || rotation === 270;
  const format = stream.pix_fmt ?? "";
  const start = probe.format.start_time ?? 0;
  const own = probe.packets.filter(({ stream_index }) => stream_index === stream.index);
  // Matroska from before zero: the demuxer leaves those times out, and calls the first that it kept the start.
  const startsUnknown = own[0]?.pts_time === null;
  const decoder = alphaDecoder(stream);
  return {
    index: stream.index,
    codec: stream.codec_name,
    profile: stream.profile ?? null,
    pixelFormat: stream.pix_fmt ?? null,
    bitDepth: bitDepthOf(stream),
    chroma: chromaOf(format),
    codedWidth: stream.width,
    codedHeight: stream.height,
    width: isTurned ? shown.height : shown.width,
    height: isTurned ? shown.width : shown.height,
    rotation,
    isUpright: isUpright(stream, rotation),
    isSquare,
    ...rateOf(stream, isImage, isInterlaced(stream)),
    frames: stream.nb_frames,
    seconds: lengthOf(stream),
    interlaced: isInterlaced(stream),
    hasAlpha:
      decoder !== null || /^(yuva|gbrap|rgba|bgra|argb|abgr|ya\d|rgba64|bgra64|pal8|ayuv)/.test(format),
    decoder,
    isDolbyOnly: stream.side_data_list.some(({ dv_profile }) => dv_profile === 5),
    transfer:
      stream.color_transfer === "smpte2084"
        ? "hdr10"
        : stream.color_transfer === "arib-std-b67"
          ? "hlg"
          : "sdr",
    matrix: matrixOf(stream),
    wideGamut: wideGamuts.find((name) => name === stream.color_primaries) ?? null,
    fullRange: stream.color_range === "pc" || format.startsWith("yuvj"),
    lateSeconds: startsUnknown ? 0 : Math.max(0, (stream.start_time ?? start) - start),
    hasPreRoll: own.some(({ flags }) => flags.includes("D")),
    level: stream.level,
    bitRate: stream.bit_rate ?? probe.format.bit_rate,
  };
}

/** Matroska keeps the length of a track in a tag. */
function lengthOf(stream: ProbedStream): number | null {
  if (stream.duration !== null && stream.duration > 0) return stream.duration;
  const [, hours, minutes, seconds] =
    /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(stream.tags.duration ?? "") ?? [];
  const length = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return length > 0 ? length : null;
}

/** DV never says so, and always is. */
function isInterlaced(stream: ProbedStream): boolean {
  return ["tt", "bb", "tb", "bt"].includes(stream.field_order ?? "") || stream.codec_name === "dvvideo";
}

function rotationOf(stream: ProbedStream): Picture["rotation"] {
  const matrix = stream.side_data_list.find((data) => data.rotation !== undefined)?.rotation;
  const degrees = matrix ?? -Number(stream.tags.rotate ?? 0);
  const turned = (((Math.round(degrees / 90) * 90) % 360) + 360) % 360;
  return turned === 90 || turned === 180 || turned === 270 ? turned : 0;
}

function isUpright(stream: ProbedStream, rotation: Picture["rotation"]): boolean {
  const matrix = stream.side_data_list.find((data) => data.displaymatrix !== undefined)?.displaymatrix;
  if (matrix === undefined) return rotation === 0;
  const [, a = 1, b = 0, , , c = 0, d = 1] = matrix
    .trim()
    .split(/[\s:]+/)
    .map(Number);
  return a > 0 && d > 0 && b === 0 && c === 0;
}

/** WebM keeps transparency beside the picture, where only these decoders look. */
function alphaDecoder(stream: ProbedStream): Picture["decoder"] {
  if (stream.tags.alpha_mode !== "1") return null;
  return stream.codec_name === "vp9" ? "libvpx-vp9" : stream.codec_name === "vp8" ? "libvpx" : null;
}

function bitDepthOf(stream: ProbedStream): number {
  const named = /(?:p|gray|gbrp|gbrap|p0)(9|10|12|14|16)(?:le|be)?$/.exec(stream.pix_fmt ?? "")?.[1];
  const deep = /^(?:rgb48|bgr48|rgba64|bgra64)/.test(stream.pix_fmt ?? "") ? 16 : null;
  return Number(named ?? deep ?? stream.bits_per_raw_sample ?? 8) || 8;
}

function chromaOf(format: string): Picture["chroma"] {
  if (/444/.test(format)) return "444";
  if (/422|uyvy|yuyv/.test(format)) return "422";
  if (/^gray|^ya/.test(format)) return "gray";
  if (/^(rgb|bgr|gbr|argb|abgr|pal8|0rgb|0bgr|x2)/.test(format)) return "rgb";
  return "420";
}

function matrixOf(stream: ProbedStream): Picture["matrix"] {
  const space = stream.color_space ?? "";
  if (chromaOf(stream.pix_fmt ?? "") === "rgb" || space === "gbr") return "rgb";
  if (space.startsWith("bt2020")) return "bt2020";
  if (["smpte170m", "bt470bg", "fcc"].includes(space)) return "bt601";
  if (space === "bt709") return "bt709";
  // Untagged: standard definition was mastered in 601, anything larger in 709.
  return stream.width <= 720 && [480, 486, 512, 576, 608].includes(stream.height) ? "bt601" : "bt709";
}

const wideGamuts = ["bt2020", "smpte431", "smpte432"] as const;

function timecodeOf(probe: Probed): string | null {
  const texts = [
    ...probe.streams.filter((stream) => stream.codec_type === "data").map((stream) => stream.tags.timecode),
    ...probe.streams.filter((stream) => stream.codec_type === "video").map((stream) => stream.tags.timecode),
    probe.format.tags.timecode,
  ];
  const written = texts.find((text) => text !== undefined && /^\d{2}:\d{2}:\d{2}[:;.]\d{2,3}$/.test(text));
  return written ?? timecodeOfWave(probe);
}

/** Broadcast Wave counts samples since midnight (EBU Tech 3285). */
function timecodeOfWave({ format, streams }: Probed): string | null {
  const samples = Number(format.tags.time_reference ?? Number.NaN);
  const rate = streams[0]?.sample_rate;
  if (!Number.isFinite(samples) || !rate) return null;
  const { num, den } = soundRate;
  return formatTimecode(Math.floor((samples * num) / (rate * den)), { rate: soundRate, dropFrame: false });
}
