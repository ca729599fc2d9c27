import { createHash } from "node:crypto";
import { createXXHash128 } from "hash-wasm";

export interface Digests {
  sha256: string;
  xxh128: string;
  /** SMPTE ST 2114 (C4): SHA-512 in base 58 behind `c4`. */
  c4: string;
}

export interface Digest {
  update(chunk: Uint8Array): void;
  finish(): Digests;
}

/** The three hashes of custody in one pass over the bytes. */
export async function openDigest(): Promise<Digest> {
  const sha256 = createHash("sha256");
  const sha512 = createHash("sha512");
  const xxh128 = await createXXHash128();
  xxh128.init();
  return {
    update(chunk) {
      sha256.update(chunk);
      sha512.update(chunk);
      xxh128.update(chunk);
    },
    finish: () => ({
      sha256: sha256.digest("hex"),
      xxh128: xxh128.digest("hex"),
      c4: c4Of(sha512.digest()),
    }),
  };
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** 58^88 exceeds 2^512, so 88 digits hold every SHA-512. */
const C4_DIGITS = 88;

/** The C4 id of a SHA-512. */
export function c4Of(sha512: Uint8Array): string {
  let rest = BigInt(`0x${Buffer.from(sha512).toString("hex")}`);
  let text = "";
  for (let digit = 0; digit < C4_DIGITS; digit++) {
    text = base58[Number(rest % 58n)] + text;
    rest /= 58n;
  }
  return `c4${text}`;
}
