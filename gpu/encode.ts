import { BuildFailure } from "#core/previews/job.ts";
import { argvOf, type Paths } from "./argv.ts";
import type { GrowingStream } from "./ladder-watch.ts";
import { deadlineSeconds } from "./limits.ts";
import { type Loudness, readLoudness } from "./loudness.ts";
import { Peaks } from "./peaks.ts";
import type { Plan } from "./plan.ts";
import { type PreviewFolder, publishLadder } from "./publish.ts";
import { type RunProgress, type RunResult, run } from "./run.ts";
import { folderBytes, type Scratch, ScratchFull } from "./scratch.ts";
import type { Source } from "./source.ts";
import type { Input } from "./supply.ts";
import type { Tools } from "./tools.ts";

export interface Encoded {
  streams: GrowingStream[];
  peaks: Peaks | null;
  loudness: Loudness | null;
  result: RunResult;
}

export interface EncodeOptions {
  source: Source;
  plan: Plan;
  input: Input;
  scratch: Scratch;
  folder: PreviewFolder;
  fontFile: string | null;
  signal: AbortSignal;
  shownSeconds: number;
  onFirst: (streams: GrowingStream[]) => Promise<void>;
  onPlayable: (streams: GrowingStream[]) => Promise<void>;
  onProgress: (progress: RunProgress & { playableSeconds: number }) => void;
}

/** ffmpeg ended without a ladder. Whether another plan may do better is the caller's question. */
export class EncodeError extends Error {
  override name = "EncodeError";
  readonly result: RunResult;
  constructor(result: RunResult) {
    super(`ffmpeg ended with ${result.killedBy ?? result.code}: ${result.errors.slice(-3).join(" | ")}`);
    this.result = result;
  }
}

/** Runs the one ffmpeg of a plan while its output is uploaded. */
export async function encode(tools: Tools, options: EncodeOptions): Promise<Encoded> {
  const { plan, source, scratch } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const peaks = plan.sound ? new Peaks() : null;
  const started = performance.now();
  let playableSeconds = 0;
  const publisher = publishLadder({
    folder: options.folder,
    out: scratch.out,
    names: [...(plan.picture?.rungs ?? []), ...(plan.sound?.renditions ?? [])].map(({ name }) => name),
    targetSeconds: Math.round(plan.segmentSeconds),
    shownSeconds: options.shownSeconds,
    onFirst: options.onFirst,
    onPlayable: options.onPlayable,
    // ffmpeg reports nothing before each output has begun, and the storyboard's sheet begins at the very end.
    onGrowth: (seconds) => {
      playableSeconds = seconds;
      const speed = (seconds * 1000) / (performance.now() - started);
      options.onProgress({ outSeconds: seconds, frame: 0, speed, playableSeconds });
    },
    onFault: (cause) => stop.abort(cause),
  });
  const guard = watchScratch(scratch.root, tools.scratchMaxBytes, stop);
  try {
    const result = await run(tools.sandbox, {
      command: "ffmpeg",
      argv: argvOf(plan, pathsOf(options), tools.device.machine(tools.caps.pixels)),
      cwd: scratch.work,
      limits: limitsOf(tools, plan, source),
      signal,
      ...(options.input.feed ? { feed: options.input.feed } : {}),
      onStdout: (chunk) => peaks?.push(chunk),
      onProgress: (progress) => options.onProgress({ ...progress, playableSeconds }),
    });
    const full = result.errors.find((line) => /No space left|Disk quota exceeded/i.test(line));
    if (full) throw new ScratchFull(full);
    await publisher.finish();
    if (result.code !== 0) throw new EncodeError(result);
    return { streams: publisher.streams, peaks, loudness: readLoudness(result.tail), result };
  } finally {
    clearInterval(guard);
    await publisher.abandon();
  }
}

function pathsOf({ input, scratch, fontFile }: EncodeOptions): Paths {
  return {
    input: input.path,
    out: scratch.out,
    work: scratch.work,
    watermarkFile: `${scratch.work}/watermark`,
    lutFile: `${scratch.work}/table.cube`,
    fontFile,
  };
}

function limitsOf(tools: Tools, plan: Plan, source: Source) {
  const pixels = (source.picture?.codedWidth ?? 0) * (source.picture?.codedHeight ?? 0);
  return {
    memoryBytes: plan.engine === "cpu" ? 16 * 2 ** 30 : null,
    // Processor time of all threads together; the wall clock has its own deadline.
    cpuSeconds: deadlineSeconds(source.durationSeconds ?? 3600, pixels) * 16,
    fileBytes: tools.scratchMaxBytes,
  };
}

const WATCH_MS = 2_000;

function watchScratch(
  folder: string,
  maxBytes: number,
  stop: AbortController,
): ReturnType<typeof setInterval> {
  return setInterval(async () => {
    if ((await folderBytes(folder)) <= maxBytes) return;
    stop.abort(
      new BuildFailure(
        "scratch-full",
        `Building the preview needs more than the ${Math.round(maxBytes / 1e9)} GB of working space one file may use. Upload a shorter or smaller export.`,
      ),
    );
  }, WATCH_MS);
}
