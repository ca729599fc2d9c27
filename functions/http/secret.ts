import { timingSafeEqual } from "node:crypto";

/** Compares in the same time wherever the two differ. */
export function isSecret(given: string | undefined, wanted: string): boolean {
  const [a, b] = [Buffer.from(given ?? ""), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
