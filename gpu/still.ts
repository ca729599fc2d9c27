import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildFailure, type Claim } from "#core/previews/job.ts";
import { previewPrefix } from "#core/previews/preview.ts";
import { guardedInput } from "./argv.ts";
import { mediaOf } from "./media.ts";
import { probe } from "./probe.ts";
import { PreviewFolder } from "./publish.ts";
import { run } from "./run.ts";
import type { Scratch } from "./scratch.ts";
import type { Source } from "./source.ts";
import type { Tools } from "./tools.ts";

/** Longest side of the picture people look at; browsers and phones decode it at once. */
const VIEW_SIDE = 4096;

const isPortrait = ({ picture }: Source) => (picture?.height ?? 0) > (picture?.width ?? 0);

/** A still becomes one viewable picture and a poster. No HLS. Transparency survives as WebP. */
export async function buildStill(
  tools: Tools,
  claim: Claim,
  source: Source,
  scratch: Scratch,
  signal: AbortSignal,
) {
  const picture = source.picture;
  if (!picture) throw new Error("a still without a picture");
  const hasAlpha = picture.hasAlpha;
  const image = hasAlpha ? "image.webp" : "image.jpg";
  const fit = (side: number) =>
    `scale=w='min(${side},iw)':h='min(${side},ih)':force_original_aspect_ratio=decrease`;
  const colour = hasAlpha ? "format=rgba" : "format=yuvj420p";
  const codec = hasAlpha ? ["-c:v", "libwebp", "-quality", "90"] : ["-c:v", "mjpeg", "-q:v", "2"];
  const result = await run(tools.sandbox, {
    command: "ffmpeg",
    argv: [
      ...["-y", "-v", "level+error", "-nostdin"],
      ...guardedInput(`file:${scratch.source}`, tools.caps.pixels),
      ...[
        "-filter_complex",
        `[0:${picture.index}]split=2[a][b];[a]${fit(VIEW_SIDE)},${colour}[image];[b]${fit(1280)},format=yuvj420p[poster]`,
      ],
      ...[
        "-map",
        "[image]",
        "-frames:v",
        "1",
        "-map_metadata",
        "-1",
        ...codec,
        "-f",
        hasAlpha ? "webp" : "image2",
        `${scratch.out}/${image}`,
      ],
      ...[
        "-map",
        "[poster]",
        "-frames:v",
        "1",
        "-map_metadata",
        "-1",
        "-c:v",
        "mjpeg",
        "-q:v",
        "3",
        "-f",
        "image2",
        "-update",
        "1",
        `${scratch.out}/poster.jpg`,
      ],
    ],
    cwd: scratch.work,
    limits: { memoryBytes: 8 * 2 ** 30, cpuSeconds: 300, fileBytes: 2 ** 30 },
    signal,
  });
  if (result.code !== 0) {
    throw new BuildFailure(
      "damaged",
      "The picture could not be decoded. Open it on your machine, export it again and upload that.",
    );
  }
  const folder = new PreviewFolder(tools.storage, previewPrefix(claim.versionId, claim.jobId, claim.fence));
  for (const name of [image, "poster.jpg"]) await folder.put(name, await readFile(join(scratch.out, name)));
  // A photograph may say only in its Exif data how it was held.
  const copy = join(scratch.work, "shown");
  await copyFile(join(scratch.out, image), copy);
  const shown = await probe(tools.sandbox, `file:${copy}`, tools.caps, scratch.work, signal);
  const media = mediaOf(source, null);
  if (isPortrait(shown) !== isPortrait(source)) [media.width, media.height] = [media.height, media.width];
  const preview = {
    jobId: claim.jobId,
    prefix: folder.prefix,
    kind: "image" as const,
    master: null,
    poster: "poster.jpg",
    storyboard: null,
    peaks: null,
    image,
    rungs: [],
    audio: [],
    subtitles: [],
    instant: null,
    engine: "cpu" as const,
    warnings: [],
    recipeHash: claim.recipeHash,
    complete: true,
  };
  return {
    preview,
    media,
    result: { engine: "cpu", bytes: folder.bytes, toolVersion: tools.toolVersion },
  };
}
