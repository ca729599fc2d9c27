import { randomBytes } from "node:crypto";

/** Every kind of id the product hands out, by prefix. */
export const prefixes = {
  person: "per",
  project: "prj",
  folder: "fld",
  upload: "upl",
  asset: "ast",
  version: "ver",
  job: "job",
  comment: "cmt",
  share: "shr",
  visit: "vis",
  approval: "apr",
  reviewRequest: "rvr",
  attachment: "att",
  notice: "ntc",
  event: "evt",
  apiKey: "key",
  webhook: "whk",
  delivery: "dlv",
  verification: "vrf",
  request: "req",
} as const;

export type IdKind = keyof typeof prefixes;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** `ver_` + 26 lower-case Crockford base32 characters: 48 bits of milliseconds, then 80 random bits. Sorts by time. */
export function newId(kind: IdKind, now = Date.now()): string {
  let text = "";
  for (let i = 0, ms = now; i < 10; i++, ms = Math.floor(ms / 32)) text = alphabet[ms % 32] + text;
  for (const byte of randomBytes(16)) text += alphabet[byte & 31];
  return `${prefixes[kind]}_${text}`;
}

export function isId(kind: IdKind, text: string): boolean {
  return text.startsWith(`${prefixes[kind]}_`) && /^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$/.test(text);
}
