export interface Loudness {
  integratedLufs: number;
  rangeLu: number;
  truePeakDbtp: number;
}

/** Reads the summary that ffmpeg's ebur128 prints at its end. Null for silence, or when there is none. */
export function readLoudness(log: string): Loudness | null {
  const at = log.lastIndexOf("Integrated loudness:");
  if (at < 0) return null;
  const summary = log.slice(at, at + 600);
  const value = (label: RegExp) => Number.parseFloat(label.exec(summary)?.[1] ?? "");
  const integratedLufs = value(/\bI:\s+(-?[\d.]+) LUFS/);
  const rangeLu = value(/\bLRA:\s+(-?[\d.]+) LU/);
  const truePeakDbtp = value(/\bPeak:\s+(-?[\d.]+|-?inf) dBFS/);
  if (![integratedLufs, rangeLu, truePeakDbtp].every(Number.isFinite)) return null;
  return { integratedLufs, rangeLu, truePeakDbtp };
}
