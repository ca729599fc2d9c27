import { z } from "zod";

const rational = z.object({ num: z.number().int().positive(), den: z.number().int().positive() });

/**
 * What one version is made of: the frame model that player, API and exporters share, and facts about the streams.
 * Frame `n` of the preview is frame `n` of the master. `pts[n]` (seconds, from 0) is present when the spacing of
 * the frames is not uniform; otherwise frame `n` starts at `n * den / num` seconds.
 */
export const mediaSchema = z.object({
  kind: z.enum(["video", "audio", "still"]),
  durationSeconds: z.number().nonnegative().nullable(),
  /** Displayed size of the source: rotated, square pixels. */
  width: z.number().int().positive().nullable(),
  height: z.number().int().positive().nullable(),
  rate: rational.nullable(),
  frames: z.number().int().nonnegative().nullable(),
  /** `HH:MM:SS:FF`, or `HH:MM:SS;FF` when drop-frame. Null: the file carries none. */
  startTimecode: z.string().nullable(),
  dropFrame: z.boolean(),
  variable: z.boolean(),
  pts: z.array(z.number().nonnegative()).optional(),
  video: z
    .object({
      codec: z.string(),
      profile: z.string().nullable(),
      pixelFormat: z.string().nullable(),
      bitDepth: z.number().int().positive(),
      codedWidth: z.number().int().positive(),
      codedHeight: z.number().int().positive(),
      rotation: z.number().int(),
      /** The rate of the file. Differs from `rate` only where the preview had to be thinned (above 60 a second). */
      sourceRate: rational.nullable(),
      interlaced: z.boolean(),
      hasAlpha: z.boolean(),
      range: z.enum(["sdr", "hdr10", "hlg"]),
      bitRate: z.number().nonnegative().nullable(),
    })
    .nullable(),
  audio: z.array(
    z.object({
      index: z.number().int().nonnegative(),
      codec: z.string(),
      channels: z.number().int().nonnegative(),
      layout: z.string().nullable(),
      sampleRate: z.number().int().positive().nullable(),
      language: z.string().nullable(),
      title: z.string().nullable(),
    }),
  ),
  subtitles: z.array(
    z.object({
      index: z.number().int().nonnegative(),
      codec: z.string(),
      language: z.string().nullable(),
      title: z.string().nullable(),
    }),
  ),
  /** EBU R128 of the first soundtrack: LUFS, LU, dBTP. Null for digital silence. */
  loudness: z
    .object({
      integratedLufs: z.number().nullable(),
      rangeLu: z.number().nullable(),
      truePeakDbtp: z.number().nullable(),
    })
    .optional(),
  container: z.string(),
});

export type Media = z.infer<typeof mediaSchema>;
export type Rational = z.infer<typeof rational>;

/** One quality of the ladder as it was built. */
export const rungSchema = z.object({
  name: z.string(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  /** Bits per second, as measured over the finished segments. */
  peakBandwidth: z.number().int().positive().nullable(),
  averageBandwidth: z.number().int().positive().nullable(),
  codecs: z.string().nullable(),
});
export type Rung = z.infer<typeof rungSchema>;

/** Where the preview that is shown lives: names inside `prefix`, which starts with `assets/<versionId>/`. */
export const previewSchema = z.object({
  jobId: z.string(),
  prefix: z.string(),
  kind: z.enum(["video", "audio", "still"]),
  /** The HLS master playlist; null for a still. */
  master: z.string().nullable(),
  poster: z.string().nullable(),
  storyboard: z.string().nullable(),
  peaks: z.object({ json: z.string(), dat: z.string() }).nullable(),
  /** A still in a form every browser shows. */
  image: z.string().nullable(),
  rungs: z.array(rungSchema),
  audio: z.array(
    z.object({ name: z.string(), label: z.string(), language: z.string().nullable(), isDefault: z.boolean() }),
  ),
  subtitles: z.array(z.object({ name: z.string(), label: z.string(), language: z.string().nullable() })),
  /** The remuxed source that plays before the ladder is built; gone from a finished preview. */
  instant: z.boolean(),
  /** Which path encoded it, in words a page may show: `cpu`, `gpu`, `mixed` (decoded by the CPU, encoded by the GPU). */
  engine: z.enum(["cpu", "gpu", "mixed"]),
  warnings: z.array(z.string()),
  recipeHash: z.string(),
  complete: z.boolean(),
});
export type Preview = z.infer<typeof previewSchema>;
