import { MAX_RATE } from "./limits.ts";
import type { ProbedStream } from "./probe-shape.ts";

export interface Ratio {
  num: number;
  den: number;
}

const nominal: Ratio[] = [
  ...[24, 30, 48, 60, 120, 240].map((rate) => ({ num: rate * 1000, den: 1001 })),
  ...[
    1, 5, 6, 8, 10, 12, 12.5, 15, 18, 20, 23, 24, 25, 29, 30, 48, 50, 60, 72, 90, 100, 120, 144, 200, 240,
  ].map((rate) => (Number.isInteger(rate) ? { num: rate, den: 1 } : { num: rate * 2, den: 2 })),
];
const value = (rate: Ratio) => rate.num / rate.den;

/** Snaps a measured rate to the one it was meant to be, when it is within 0.02 % of it. */
export function nominalRate(rate: Ratio): Ratio {
  const near = nominal.find((known) => Math.abs(value(known) / value(rate) - 1) < 2e-4);
  return near ?? rate;
}

/** No frame rate, but the ticks of a clock. */
const isClock = (rate: Ratio | null) => rate !== null && value(rate) > 1000;

export function rateOf(
  stream: ProbedStream,
  isImage: boolean,
  isInterlaced: boolean,
): { rate: Ratio; looksVariable: boolean } {
  if (isImage) return { rate: { num: 1, den: 1 }, looksVariable: false };
  const real = stream.r_frame_rate;
  // Of material without timestamps some versions call the clock the average.
  const average = isClock(stream.avg_frame_rate) && !isClock(real) ? null : stream.avg_frame_rate;
  if (!average && !real) return { rate: { num: 25, den: 1 }, looksVariable: true };
  if (!average || !real) return { rate: nominalRate((average ?? real) as Ratio), looksVariable: false };
  const off = Math.abs(value(average) / value(real) - 1);
  // A coarse clock (1/1000 s) blurs the average; one frame more or less blurs it on short clips.
  const slack = Math.max(
    2e-3,
    1.5 / Math.max(1, stream.nb_frames ?? (stream.duration ?? 10) * value(average)),
  );
  if (off <= slack) return { rate: nominalRate(isClock(real) ? average : real), looksVariable: false };
  // Field rates are reported as twice the frame rate.
  if (isInterlaced && Math.abs((2 * value(average)) / value(real) - 1) <= slack) {
    return { rate: nominalRate({ num: real.num, den: real.den * 2 }), looksVariable: false };
  }
  return { rate: nominalRate(average), looksVariable: true };
}

/** True when the preview cannot keep every frame of the source. */
export function isTooFast(rate: Ratio): boolean {
  return value(rate) > MAX_RATE * 1.001;
}
