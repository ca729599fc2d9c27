import type { Engine } from "#core/previews/preview.ts";
import type { Recipe } from "#core/previews/recipe.ts";
import { type RungPlan, rungsFor } from "./ladder.ts";
import { MAX_PTS_TABLE, MAX_RATE } from "./limits.ts";
import { isTooFast, type Ratio } from "./rate.ts";
import { bcp47, nameOf, type SoundPlan, soundPlan } from "./sound-plan.ts";
import type { Picture, Source } from "./source.ts";

/** How frames keep their place: on an even grid, at their own times, or thinned to an even rate. */
export type Timing =
  | { mode: "even"; rate: Ratio }
  | { mode: "table"; rate: Ratio }
  | { mode: "thinned"; rate: Ratio };

export interface PicturePlan {
  index: number;
  decoder: Picture["decoder"];
  /** Where the decoder runs. `cuda` frames never leave the GPU. */
  decode: "cpu" | "cuda";
  encode: "cpu" | "cuda";
  timing: Timing;
  /** Frames between IDRs, about two seconds; two of them make a segment. */
  gopFrames: number;
  segmentSeconds: number;
  shiftSeconds: number;
  deinterlace: boolean;
  flattenAlpha: boolean;
  toneMap: boolean;
  matrix: Picture["matrix"];
  fullRange: boolean;
  wideGamut: Picture["wideGamut"];
  /** Pixels and colours are what the ladder has. */
  isPlain: boolean;
  watermark: boolean;
  lut: boolean;
  rungs: RungPlan[];
  storyboard: StoryboardPlan;
}

export interface StoryboardPlan {
  /** Thumbnails per second. */
  every: Ratio;
  width: number;
  height: number;
  columns: number;
  rows: number;
  sheets: number;
}

export interface CaptionPlan {
  name: string;
  index: number;
  label: string;
  language: string | null;
}

/** Everything one ffmpeg run does, as data. */
export interface Plan {
  engine: Engine;
  picture: PicturePlan | null;
  sound: SoundPlan | null;
  captions: CaptionPlan[];
  segmentSeconds: number;
  durationSeconds: number | null;
  warnings: string[];
}

export interface Choices {
  recipe: Recipe;
  /** What the machine offers. */
  device: { encode: boolean; decode: boolean };
  /** Even out the rate although the file suggests otherwise: the second try after timestamps that no encoder takes. */
  forceEven?: boolean;
  /** Corrects the start of the picture, when a first try showed that the container was wrong about it. */
  extraShiftSeconds?: number;
  /** Integrated loudness found by an earlier build, so that normalising is a plain gain. */
  knownLufs?: number | null;
  maxSoundtracks: number;
  maxCaptions: number;
}

const SEGMENT_SECONDS = 4;

/** Decides what to make of a source. Pure. */
export function planOf(source: Source, choices: Choices): Plan {
  const warnings: string[] = [];
  if (source.pictures > 1)
    warnings.push(`The file holds ${source.pictures} pictures; the preview shows the first.`);
  if (source.hasLostPicture && source.kind === "audio")
    warnings.push("The picture of the file cannot be read; the preview is of its sound.");
  const picture =
    source.picture && source.kind === "video" ? picturePlan(source, source.picture, choices, warnings) : null;
  const sound = soundPlan(source, picture?.shiftSeconds ?? 0, choices, warnings);
  const captions = source.captions.slice(0, choices.maxCaptions).map((captions, order) => ({
    name: `s${order}`,
    index: captions.index,
    label: nameOf(captions, `Subtitles ${order + 1}`),
    language: bcp47(captions.language),
  }));
  const places = new Set(picture ? [picture.decode, picture.encode] : ["cpu"]);
  const engine: Engine = places.size === 2 ? "mixed" : places.has("cuda") ? "gpu" : "cpu";
  return {
    engine,
    picture,
    sound,
    captions: picture ? captions : [],
    segmentSeconds: picture?.segmentSeconds ?? SEGMENT_SECONDS,
    durationSeconds: source.durationSeconds,
    warnings,
  };
}

function picturePlan(source: Source, picture: Picture, choices: Choices, warnings: string[]): PicturePlan {
  const timing = timingOf(source, picture, choices, warnings);
  const perSecond = timing.rate.num / timing.rate.den;
  const gopFrames = Math.max(1, Math.round(2 * perSecond));
  const wantsPixels = choices.recipe.watermark !== undefined || choices.recipe.lut !== undefined;
  const canDecode = choices.device.decode && decodesOnGpu(picture) && !wantsPixels;
  if (picture.lateSeconds > 0.5) {
    warnings.push(
      `The picture starts ${picture.lateSeconds.toFixed(1)} s after the sound; the preview starts with the picture.`,
    );
  }
  if (picture.hasAlpha) warnings.push("Transparent areas are shown on black.");
  if (picture.isDolbyOnly) {
    warnings.push(
      "The file is Dolby Vision profile 5, which only Dolby's own decoders show right: the colours of the preview are wrong.",
    );
  }
  if (picture.transfer !== "sdr") warnings.push("HDR is shown tone-mapped to standard range.");
  const rungs = rungsFor(picture, choices.recipe, perSecond);
  return {
    index: picture.index,
    decoder: picture.decoder,
    decode: canDecode ? "cuda" : "cpu",
    encode: choices.device.encode ? "cuda" : "cpu",
    timing,
    gopFrames,
    // Whole groups of pictures; at very low rates a segment is one frame.
    segmentSeconds:
      timing.mode === "table"
        ? SEGMENT_SECONDS
        : (gopFrames * Math.max(1, Math.round(SEGMENT_SECONDS / (gopFrames / perSecond)))) / perSecond,
    shiftSeconds: picture.lateSeconds + (choices.extraShiftSeconds ?? 0),
    deinterlace: picture.interlaced,
    flattenAlpha: picture.hasAlpha,
    toneMap: picture.transfer !== "sdr",
    matrix: picture.matrix,
    fullRange: picture.fullRange,
    wideGamut: picture.wideGamut,
    isPlain: picture.pixelFormat === "yuv420p" && !picture.hasAlpha && hasOurColours(picture),
    watermark: choices.recipe.watermark !== undefined,
    lut: choices.recipe.lut !== undefined,
    rungs,
    storyboard: storyboardPlan(picture, source.durationSeconds),
  };
}

function timingOf(source: Source, picture: Picture, choices: Choices, warnings: string[]): Timing {
  if (isTooFast(picture.rate)) {
    warnings.push(
      `The file has ${Math.round(picture.rate.num / picture.rate.den)} frames a second; the preview shows ${MAX_RATE}.`,
    );
    return { mode: "thinned", rate: thinned(picture.rate) };
  }
  if (!picture.looksVariable && !choices.forceEven) return { mode: "even", rate: picture.rate };
  const frames = picture.frames ?? (source.durationSeconds ?? 0) * (picture.rate.num / picture.rate.den);
  if (!choices.forceEven && frames <= MAX_PTS_TABLE) return { mode: "table", rate: picture.rate };
  warnings.push("The spacing of the frames is uneven; the preview shows them at an even rate.");
  return { mode: "thinned", rate: picture.rate };
}

/** 240 -> 60, 120000/1001 -> 60000/1001: the largest whole fraction that a preview may have. */
function thinned(rate: Ratio): Ratio {
  const divisor = Math.ceil(rate.num / rate.den / (MAX_RATE * 1.001));
  const den = rate.den * divisor;
  const common = commonDivisor(rate.num, den);
  return { num: rate.num / common, den: den / common };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

const hasOurColours = (picture: Picture) =>
  picture.matrix === "bt709" && !picture.fullRange && picture.wideGamut === null;

/** What every NVDEC since Turing decodes and scale_cuda, which leaves colours as they are, takes as it comes. */
export function decodesOnGpu(picture: Picture): boolean {
  if (picture.interlaced || !picture.isUpright || !picture.isSquare || picture.hasAlpha) return false;
  if (picture.chroma !== "420") return false;
  if (picture.transfer === "sdr" && !hasOurColours(picture)) return false;
  const side = Math.max(picture.codedWidth, picture.codedHeight);
  if (Math.min(picture.codedWidth, picture.codedHeight) < 144) return false;
  switch (picture.codec) {
    case "h264":
      return picture.bitDepth === 8 && side <= 4096;
    case "hevc":
      return picture.bitDepth <= 10 && side <= 8192;
    case "vp9":
      return picture.bitDepth <= 10 && side <= 8192;
    case "av1":
      return picture.bitDepth <= 10 && side <= 8192;
    default:
      return false;
  }
}

function storyboardPlan(picture: Picture, duration: number | null): StoryboardPlan {
  const isWide = picture.width >= picture.height;
  const ratio = picture.width / picture.height;
  const even = (value: number) => Math.max(2, 2 * Math.round(value / 2));
  const width = isWide ? 160 : even(160 * ratio);
  const height = isWide ? even(160 / ratio) : 160;
  const seconds = duration ?? 0;
  const interval =
    seconds <= 50
      ? 0.5
      : seconds <= 200
        ? (2 * Math.ceil(seconds / 2)) / 100
        : Math.max(2, Math.ceil(seconds / 400));
  const every =
    interval >= 1
      ? { num: 1000, den: Math.round(interval * 1000) }
      : { num: Math.round(1 / interval), den: 1 };
  const count = duration === null ? 100 : Math.max(1, Math.ceil((seconds * every.num) / every.den));
  const columns = Math.min(10, count);
  const rows = Math.min(10, Math.ceil(count / columns));
  return {
    every,
    width,
    height,
    columns,
    rows,
    sheets: duration === null ? 20 : Math.ceil(count / (columns * rows)) + 1,
  };
}
