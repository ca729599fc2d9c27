import { createHash, randomBytes } from "node:crypto";

/** A new API key: `rk_` and 256 random bits. It is shown once; only its hash is kept. */
export function newSecret(): { secret: string; hash: Buffer; hint: string } {
  const secret = `rk_${randomBytes(32).toString("base64url")}`;
  return { secret, hash: hashOf(secret), hint: `rk_…${secret.slice(-4)}` };
}

/** 256 random bits need no salt and no slow hash. */
export const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();
