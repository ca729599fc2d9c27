import { createHash, createHmac } from "node:crypto";
import { deriveKey } from "../signing/derive.ts";

/**
 * The token of a share's link: `rs_` and 256 bits. Derived, so that a manager can copy the link again although
 * only its hash is stored; a new rotation makes another link and ends the old one.
 */
export function linkToken(appSecret: string, shareId: string, rotation: number): string {
  const key = deriveKey(appSecret, "share-link");
  return `rs_${createHmac("sha256", key).update(`${shareId}.${rotation}`).digest("base64url")}`;
}

export function hashOfLink(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

export function isLinkToken(token: string): boolean {
  return /^rs_[\w-]{43}$/.test(token);
}

/** The page a guest opens. */
export function linkUrl(siteBase: string, token: string): string {
  return `${siteBase}/s/${token}`;
}
