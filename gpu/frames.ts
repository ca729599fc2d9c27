import type { Ratio } from "./rate.ts";

export interface FrameTable {
  frames: number;
  /** Where the first frame lies on the preview's clock. 0 unless the container was wrong about its start. */
  firstSeconds: number;
  /** Present when the frames are not evenly spaced: the time of each, in seconds, from the first. */
  pts: number[] | null;
}

/** What the encoder wrote, read back: how many frames, and whether frame n lies at n / rate. */
export function frameTable(times: number[], timescale: number, rate: Ratio): FrameTable {
  const ticks = Float64Array.from(times).sort();
  const first = ticks[0] ?? 0;
  const step = (timescale * rate.den) / rate.num;
  let isEven = true;
  for (let n = 0; n < ticks.length && isEven; n++) {
    isEven = Math.abs((ticks[n] as number) - first - n * step) <= 1;
  }
  return {
    frames: ticks.length,
    firstSeconds: first / timescale,
    pts: isEven ? null : Array.from(ticks, (tick) => Math.round(((tick - first) / timescale) * 1e6) / 1e6),
  };
}
