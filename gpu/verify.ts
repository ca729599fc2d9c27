import { BuildFailure } from "#core/previews/job.ts";
import type { Encoded } from "./encode.ts";
import { type FrameTable, frameTable } from "./frames.ts";
import type { Plan } from "./plan.ts";
import { noSamples, type Source } from "./source.ts";

/** The container was wrong about when its picture starts: by this many seconds more than planned. */
export class StartShift extends Error {
  override name = "StartShift";
  readonly seconds: number;
  constructor(seconds: number) {
    super(`the picture starts ${seconds} s late`);
    this.seconds = seconds;
  }
}

export interface Verified {
  table: FrameTable | null;
  durationSeconds: number;
  warnings: string[];
}

/**
 * Reads the output back: every stream there, rungs aligned, nothing missing at the end. ffmpeg exits 0 on a source
 * that stops in the middle, so its word is not enough.
 */
export function verify(source: Source, plan: Plan, encoded: Encoded): Verified {
  const { streams } = encoded;
  const warnings: string[] = [];
  if (streams.some((stream) => stream.segments.length === 0)) {
    throw noSamples();
  }
  const longest = Math.max(...streams.map((stream) => stream.seconds));
  // Sound is filled up with silence to the length of the picture, so the picture alone can tell.
  const pictureSeconds = streams.find((stream) => stream.isPicture)?.seconds;
  const expected =
    pictureSeconds === undefined
      ? source.durationSeconds
      : (source.picture?.seconds ?? source.durationSeconds);
  refuseTruncated(
    expected,
    source.emptySeconds,
    plan,
    source.picture?.seconds ? (pictureSeconds ?? longest) : longest,
  );
  const errors = encoded.result.errors.filter((line) => !/deprecated/i.test(line)).length;
  if (errors > 0) warnings.push("Parts of the file are damaged; the preview shows what could be decoded.");
  const pictures = streams.filter((stream) => stream.isPicture);
  const first = pictures[0];
  if (!first?.track || !plan.picture) return { table: null, durationSeconds: longest, warnings };
  for (const other of pictures) {
    if (other.starts.join() !== first.starts.join() || other.times.length !== first.times.length) {
      throw new Error(`the rungs ${first.name} and ${other.name} are not aligned`);
    }
  }
  if (pictures.some((stream) => stream.track?.hasEditList)) throw new Error("the ladder has edit lists");
  const table = frameTable(first.times, first.track.timescale, plan.picture.timing.rate);
  if (table.firstSeconds > 0.001) throw new StartShift(table.firstSeconds);
  return { table, durationSeconds: first.seconds, warnings };
}

function refuseTruncated(expected: number | null, empty: number, plan: Plan, gotSeconds: number): void {
  if (expected === null) return;
  const due = expected - empty - (plan.picture?.shiftSeconds ?? 0);
  if (gotSeconds >= 0.9 * due || due - gotSeconds < 1) return;
  throw new BuildFailure(
    "truncated",
    `The file says it lasts ${clock(expected)}, but its content ends at ${clock(gotSeconds)}. Copy it again from the source and upload the whole file.`,
  );
}

function clock(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
