import type { Media } from "#core/assets/asset.ts";
import type { FrameTable } from "./frames.ts";
import type { Loudness } from "./loudness.ts";
import type { Plan } from "./plan.ts";
import type { Source } from "./source.ts";

/** Where editors expect a programme to start when the file does not say. */
const DEFAULT_TIMECODE = "01:00:00:00";

/** The frame model of a version: from the probe at first, corrected by what was encoded once that is known. */
export function mediaOf(
  source: Source,
  plan: Plan | null,
  built?: { table: FrameTable | null; durationSeconds: number; loudness: Loudness | null },
): Media {
  const picture = source.picture;
  const rate = plan?.picture?.timing.rate ?? null;
  const seconds = built?.durationSeconds ?? source.durationSeconds ?? 0;
  const timecode = source.startTimecode?.replace(".", ";") ?? DEFAULT_TIMECODE;
  return {
    kind: source.kind,
    durationSeconds: source.kind === "image" ? 0 : seconds,
    width: picture?.width ?? null,
    height: picture?.height ?? null,
    rate,
    frames: source.kind !== "video" ? null : (built?.table?.frames ?? guessFrames(source, plan)),
    startTimecode: timecode,
    dropFrame: timecode.includes(";"),
    variable: built?.table ? built.table.pts !== null : plan?.picture?.timing.mode === "table",
    pts: built?.table?.pts ?? null,
    container: source.container,
    video: picture
      ? {
          codec: picture.codec,
          profile: picture.profile,
          pixelFormat: picture.pixelFormat,
          bitDepth: picture.bitDepth,
          hdr: picture.transfer === "sdr" ? null : picture.transfer,
          interlaced: picture.interlaced,
          rotation: picture.rotation,
        }
      : null,
    audio: source.sound.map(({ index, codec, channels, language, title }) => ({
      index,
      codec,
      channels,
      language,
      title,
    })),
    subtitles: source.captions.map(({ index, language, title }) => ({ index, language, title })),
    loudness: built?.loudness ?? null,
  };
}

function guessFrames(source: Source, plan: Plan | null): number | null {
  const timing = plan?.picture?.timing;
  if (!timing || !source.picture) return null;
  if (timing.mode !== "thinned" && source.picture.frames !== null) return source.picture.frames;
  if (source.durationSeconds === null) return null;
  return Math.max(1, Math.round((source.durationSeconds * timing.rate.num) / timing.rate.den));
}
