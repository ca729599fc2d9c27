import type { Digests } from "./digest.ts";

/** What the sender says the file hashes to: either, both or nothing. */
export interface ClientHashes {
  sha256: string | null;
  xxh128: string | null;
}

export const clientHashesOf = (
  given: { [name in keyof ClientHashes]?: string | undefined },
): ClientHashes => ({
  sha256: given.sha256 ?? null,
  xxh128: given.xxh128 ?? null,
});

const names = { sha256: "SHA-256", xxh128: "XXH128" } as const;

/** The first hash that both name and that is not the same, for people; undefined when nothing contradicts. */
export function contradiction(
  said: ClientHashes,
  other: Partial<Digests> | ClientHashes,
): { name: string; said: string; other: string } | undefined {
  for (const key of ["sha256", "xxh128"] as const) {
    const [a, b] = [said[key], other[key]];
    if (a && b && a !== b) return { name: names[key], said: a, other: b };
  }
  return undefined;
}
