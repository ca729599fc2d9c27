import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";

export const MIB = 1024 * 1024;

/** A file that begins as QuickTime and does not compress. */
export async function makeFile(path: string, mib: number): Promise<void> {
  const file = await open(path, "w");
  const block = randomBytes(MIB);
  Buffer.from([0, 0, 0, 20, ...Buffer.from("ftypqt  "), 0, 0, 0, 0]).copy(block);
  for (let i = 0; i < mib; i++) await file.write(block);
  await file.close();
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
