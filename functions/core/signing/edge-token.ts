import { createHmac } from "node:crypto";

/** A key of the signed edge: `kid` travels in the URL, `secret` never does. */
export interface EdgeKey {
  kid: string;
  secret: string;
}

/** The edge refuses a token that expires further away than this. */
export const MAX_TOKEN_TTL_SECONDS = 86_400;

const MIN_TOKEN_TTL_SECONDS = 3_600;
const PAUSES_SECONDS = 1_800;
const keyShape = /^([a-z0-9]{1,8}):(.{32,})$/s;
const versionShape = /^[a-z0-9][a-z0-9_]{0,63}$/;

/** Reads `kid:secret` as it stands in EDGE_SIGNING_KEY. The message names the fault, never the value. */
export function parseEdgeKey(text: string): EdgeKey {
  const [, kid, secret] = keyShape.exec(text) ?? [];
  if (!kid || !secret)
    throw new Error(
      "an edge key is kid:secret, the kid 1 to 8 lower-case letters and digits, the secret at least 32 characters",
    );
  return { kid, secret };
}

/** The folder of a version in the previews bucket and in the edge's URLs; ends in a slash. */
export function edgeFolder(versionId: string): string {
  if (!versionShape.test(versionId))
    throw new Error("a version id in an edge URL is [a-z0-9_], at most 64 long");
  return `/assets/${versionId}/`;
}

/**
 * Signs everything under one version until `exp` (Unix seconds) and answers the URL prefix
 * `/v/{kid}.{exp}.{mac}/assets/{versionId}/`. Playlists with relative URLs inherit it.
 * The slash at the end is inside the MAC: without it a token of `abc` would open `abcd`.
 */
export function signEdgeToken(key: EdgeKey, versionId: string, exp: number): string {
  if (!Number.isSafeInteger(exp) || exp < 1_000_000_000 || exp > 9_999_999_999)
    throw new Error("exp is in whole Unix seconds, ten digits");
  const folder = edgeFolder(versionId);
  const mac = createHmac("sha256", key.secret)
    .update(`edge1\n${key.kid}\n${exp}\n${folder}`)
    .digest("base64url");
  return `/v/${key.kid}.${exp}.${mac}${folder}`;
}

/**
 * When a playback token for something of `durationSeconds` ends, in Unix seconds.
 * A native player cannot swap tokens, so it covers watching twice plus pauses, at least an hour and at
 * most what the edge accepts. Rounded up to a step: everybody who asks within a step gets the same URL,
 * which is what lets a browser's cache answer the second visit. Steps are multiples of 100 s, the slot
 * in which the edge remembers a verified token.
 */
export function playbackExpiry(nowMs: number, durationSeconds: number): number {
  const now = Math.floor(nowMs / 1000);
  const duration = Number.isFinite(durationSeconds) ? Math.max(0, Math.ceil(durationSeconds)) : 0;
  const wanted = Math.max(MIN_TOKEN_TTL_SECONDS, 2 * duration + PAUSES_SECONDS);
  const step = wanted > 4 * 3_600 ? 3_600 : 900;
  const rounded = Math.ceil((now + wanted) / step) * step;
  const latest = Math.floor((now + MAX_TOKEN_TTL_SECONDS) / step) * step;
  return Math.min(rounded, latest);
}
