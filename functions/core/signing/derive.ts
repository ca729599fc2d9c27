import { hkdfSync } from "node:crypto";

/** What a derived key is for. One purpose never opens what another has closed. */
export type Purpose = "share-link" | "webhook-secret" | "idempotent-answer" | "sign-in";

/** A 32-byte key for one purpose from APP_SECRET (HKDF-SHA256, RFC 5869). The same secret gives the same key. */
export function deriveKey(appSecret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync("sha256", appSecret, "rushes", purpose, 32));
}
