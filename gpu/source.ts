import { BuildFailure } from "#core/previews/job.ts";
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
  /** True when the samples are not square or not upright as coded. */
  isSquare: boolean;
  rate: Ratio;
  /** The container's two ideas of the rate disagree, or it has none. */
  looksVariable: boolean;
  frames: number | null;
  /** Length of the picture alone. */
  seconds: number | null;
  interlaced: boolean;
  hasAlpha: boolean;
  transfer: "sdr" | "hdr10" | "hlg";
  matrix: "bt709" | "bt601" | "bt2020" | "rgb";
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
  picture: Picture | null;
  /** How many there are; the first is shown. */
  pictures: number;
  sound: Sound[];
  captions: Captions[];
  /** `HH:MM:SS:FF` or `HH:MM:SS;FF`. */
  startTimecode: string | null;
  bitRate: number | null;
}

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
    picture: video ? pictureOf(video, probe, isImage) : null,
    pictures: videos.length,
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
    isSquare,
    ...rateOf(stream, isImage, isInterlaced(stream)),
    frames: stream.nb_frames,
    seconds: lengthOf(stream),
    interlaced: isInterlaced(stream),
    hasAlpha: /^(yuva|gbrap|rgba|bgra|argb|abgr|ya\d|rgba64|bgra64|pal8|ayuv)/.test(format),
    transfer:
      stream.color_transfer === "smpte2084"
        ? "hdr10"
        : stream.color_transfer === "arib-std-b67"
          ? "hlg"
          : "sdr",
    matrix: matrixOf(stream),
    fullRange: stream.color_range === "pc" || format.startsWith("yuvj"),
    lateSeconds: Math.max(0, (stream.start_time ?? start) - start),
    hasPreRoll: probe.packets.some(
      ({ stream_index, flags }) => stream_index === stream.index && flags.includes("D"),
    ),
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

function timecodeOf(probe: Probed): string | null {
  const texts = [
    ...probe.streams.filter((stream) => stream.codec_type === "data").map((stream) => stream.tags.timecode),
    ...probe.streams.filter((stream) => stream.codec_type === "video").map((stream) => stream.tags.timecode),
    probe.format.tags.timecode,
  ];
  return texts.find((text) => text !== undefined && /^\d{2}:\d{2}:\d{2}[:;.]\d{2,3}$/.test(text)) ?? null;
}
