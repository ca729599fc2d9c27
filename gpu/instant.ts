import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Recipe } from "#core/previews/recipe.ts";
import { guardedInput, packaging } from "./argv.ts";
import type { GrowingStream } from "./ladder-watch.ts";
import { masterPlaylist } from "./playlist.ts";
import { growing, type PreviewFolder, playlistOf, publishLadder } from "./publish.ts";
import { run } from "./run.ts";
import type { Scratch } from "./scratch.ts";
import { bcp47, nameOf } from "./sound-plan.ts";
import type { Source } from "./source.ts";
import type { Input } from "./supply.ts";
import type { Tools } from "./tools.ts";

/** Beyond this, writing the source once more costs more than waiting for the ladder. */
const MAX_BYTES = 2 * 1024 ** 3;
const MAX_BITS = 25_000_000;
/** The ladder of a shorter clip is there as soon. */
const MIN_SECONDS = 4;
const profiles = new Set(["Constrained Baseline", "Baseline", "Main", "High"]);
const TARGET_SECONDS = 6;

/** True when every browser plays the source as it is, so that it only has to be packed anew. */
export function canRemux(source: Source, recipe: Recipe, bytes: number): boolean {
  const { picture, sound } = source;
  if (source.kind !== "video" || !picture) return false;
  // A watermark that is not there yet would be no watermark.
  if (recipe.watermark !== undefined || recipe.lut !== undefined || recipe.loudness !== undefined)
    return false;
  if ((source.durationSeconds ?? 0) < MIN_SECONDS) return false;
  if (bytes > MAX_BYTES || (source.bitRate ?? 0) > MAX_BITS) return false;
  if (!["mov", "matroska"].includes(source.container)) return false;
  const isPlain =
    picture.codec === "h264" &&
    picture.bitDepth === 8 &&
    picture.chroma === "420" &&
    profiles.has(picture.profile ?? "");
  const isUpright =
    picture.isUpright &&
    picture.isSquare &&
    !picture.interlaced &&
    picture.lateSeconds === 0 &&
    !picture.hasPreRoll &&
    !picture.looksVariable;
  const fits = Math.max(picture.codedWidth, picture.codedHeight) <= 3840 && (picture.level ?? 0) <= 51;
  const [first] = sound;
  // Sound that ends early would hold up the end of the picture; the ladder fills it with silence.
  const lasts = !first?.seconds || !picture.seconds || first.seconds > picture.seconds - 0.25;
  const speaks = !first || (first.codec === "aac" && first.profile === "LC" && first.channels <= 2);
  return isPlain && isUpright && fits && speaks && lasts;
}

export function instantArgv(source: Source, input: string, out: string, maxPixels: number): string[] {
  const [sound] = source.sound;
  return [
    ...["-y", "-v", "level+error", "-hide_banner", "-nostdin", "-nostats"],
    ...guardedInput(input, maxPixels),
    ...["-map", `0:${source.picture?.index ?? 0}`, ...(sound ? ["-map", `0:${sound.index}`] : [])],
    ...["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1"],
    // Apart, because sound that ends a little earlier would end the picture in a common buffer.
    ...(sound ? ["-var_stream_map", "v:0,agroup:a,name:r0 a:0,agroup:a,default:yes,name:ra0"] : []),
    ...packaging(sound ? "%v" : "r0", out, 4),
  ];
}

/** The source itself as HLS, playable to its end long before the ladder is. */
export interface Instant {
  /** Ends with the run; never rejects: without it people wait for the ladder. */
  done: Promise<void>;
  seconds(): number;
  hasEnded(): boolean;
}

export interface InstantOptions {
  source: Source;
  input: Input;
  scratch: Scratch;
  folder: PreviewFolder;
  signal: AbortSignal;
  shownSeconds: number;
  /** Called once, when its master playlist can be shown as `master`. */
  onPlayable: (master: string) => Promise<void>;
  onFault: (cause: unknown) => void;
}

export function startInstant(tools: Tools, options: InstantOptions): Instant {
  let playable = 0;
  let hasEnded = false;
  const done = remux(tools, options, (seconds) => {
    playable = seconds;
  })
    .catch((cause) => {
      if (!options.signal.aborted) options.onFault(cause);
    })
    .finally(() => {
      hasEnded = true;
    });
  return { done, seconds: () => playable, hasEnded: () => hasEnded };
}

async function remux(
  tools: Tools,
  options: InstantOptions,
  onGrowth: (seconds: number) => void,
): Promise<void> {
  const { source, scratch, folder } = options;
  const out = join(scratch.root, "instant");
  await mkdir(out, { recursive: true, mode: 0o700 });
  const stop = new AbortController();
  const publisher = publishLadder({
    folder,
    out,
    names: namesOf(source),
    targetSeconds: TARGET_SECONDS,
    shownSeconds: options.shownSeconds,
    onPlayable: async ([picture, sound]) => {
      if (!picture || !startsAtZero(picture)) throw new Error("the source does not start at its first frame");
      await options.onPlayable(masterOf(source, picture, sound));
    },
    onGrowth,
    onFault: (cause) => stop.abort(cause),
  });
  try {
    const result = await run(tools.sandbox, {
      command: "ffmpeg",
      argv: instantArgv(source, options.input.path, out, tools.caps.pixels),
      cwd: scratch.work,
      limits: { memoryBytes: 4 * 2 ** 30, cpuSeconds: 3600, fileBytes: tools.scratchMaxBytes },
      signal: AbortSignal.any([options.signal, stop.signal]),
      ...(options.input.feed ? { feed: options.input.feed } : {}),
    });
    await publisher.finish();
    if (result.code !== 0) throw new Error(result.errors.at(-1) ?? `ffmpeg ended with ${result.code}`);
    for (const stream of publisher.streams)
      await folder.put(`${stream.name}.m3u8`, playlistOf(stream, TARGET_SECONDS, true), growing);
  } finally {
    await publisher.abandon();
  }
}

/** Pre-roll that an edit list hid would count as frames here. */
function startsAtZero(stream: GrowingStream): boolean {
  return stream.track !== undefined && !stream.track.hasEditList && Math.min(...stream.times) === 0;
}

function masterOf(source: Source, stream: GrowingStream, sound: GrowingStream | undefined): string {
  const { picture } = source;
  const bits = Math.round((source.bitRate ?? 8_000_000) * 1.5);
  const frameRate = picture ? picture.rate.num / picture.rate.den : 0;
  const size = { width: picture?.width ?? 0, height: picture?.height ?? 0 };
  const codec = { codecs: [stream.track?.codec ?? ""], averageBandwidth: null };
  const [first] = source.sound;
  const spoken = {
    label: nameOf(first ?? { title: null, language: null }, "Sound"),
    language: bcp47(first?.language ?? null),
  };
  return masterPlaylist({
    variants: [{ uri: "r0.m3u8", bandwidth: bits, ...codec, ...size, frameRate }],
    iFrames: [],
    audio: sound?.track
      ? [
          {
            uri: "ra0.m3u8",
            ...spoken,
            isDefault: true,
            codec: sound.track.codec,
            bandwidth: 320_000,
            averageBandwidth: null,
          },
        ]
      : [],
    captions: [],
  });
}

function namesOf(source: Source): string[] {
  return source.sound.length > 0 ? ["r0", "ra0"] : ["r0"];
}
