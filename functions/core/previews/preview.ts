import { z } from "zod";

/** One quality of the ladder. Bandwidth in bits per second: the ceiling while encoding, the measured peak afterwards. */
export const rungSchema = z.object({
  name: z.string(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  bandwidth: z.number().int().positive(),
  averageBandwidth: z.number().int().positive().nullable(),
  codecs: z.string(),
});
export type Rung = z.infer<typeof rungSchema>;

export const engines = ["cpu", "gpu", "mixed"] as const;
/** Where a preview was made: on the CPU, on the GPU, or decoded on one and encoded on the other. */
export type Engine = (typeof engines)[number];

/** `versions.preview`: the build that is shown. File names are relative to `prefix`, which starts with `assets/<versionId>/`. */
export const previewSchema = z.object({
  jobId: z.string(),
  prefix: z.string(),
  kind: z.enum(["video", "audio", "image"]),
  /** The HLS master playlist; null for a still. */
  master: z.string().nullable(),
  poster: z.string().nullable(),
  storyboard: z.string().nullable(),
  /** audiowaveform JSON; the same as `.dat` lies beside it. */
  peaks: z.string().nullable(),
  /** A still in a form that every browser shows. */
  image: z.string().nullable(),
  rungs: z.array(rungSchema),
  audio: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      language: z.string().nullable(),
      isDefault: z.boolean(),
    }),
  ),
  subtitles: z.array(z.object({ name: z.string(), label: z.string(), language: z.string().nullable() })),
  /** While encoding: the remuxed source, playable to its end before the ladder is. Null in a finished preview. */
  instant: z.string().nullable(),
  engine: z.enum(engines),
  /** Sentences for people: what of the master the preview does not show. */
  warnings: z.array(z.string()),
  recipeHash: z.string(),
  complete: z.boolean(),
});
export type Preview = z.infer<typeof previewSchema>;

/** A folder per attempt: what a worker that lost its job still writes lands where nobody looks. */
export function previewPrefix(versionId: string, jobId: string, fence: number): string {
  return `assets/${versionId}/${jobId}.${fence}/`;
}

/** Files of the repacked source: nobody needs them once the ladder is there and the last viewer has left. */
export function isInstantFile(name: string): boolean {
  return name === "instant.m3u8" || /^(init_)?ra?0[._]/.test(name);
}
