import { type EdgeKey, parseEdgeKey, playbackExpiry, signEdgeToken } from "../signing/edge-token.ts";
import type { Preview } from "./preview.ts";

/** Signed edge URLs of one preview, all under one token. */
export interface Playback {
  master: string | null;
  poster: string | null;
  storyboard: string | null;
  peaks: string | null;
  image: string | null;
  instant: string | null;
  expiresAt: string;
}

export interface EdgeSigner {
  base: string;
  key: EdgeKey;
}

export function edgeSigner(config: { PUBLIC_EDGE_BASE: string; EDGE_SIGNING_KEY: string }): EdgeSigner {
  return { base: config.PUBLIC_EDGE_BASE.replace(/\/$/, ""), key: parseEdgeKey(config.EDGE_SIGNING_KEY) };
}

/** Where the files of a version's preview can be read until the token ends. Whoever gets the answer may watch. */
export function signPlayback(
  { base, key }: EdgeSigner,
  versionId: string,
  preview: Pick<Preview, "prefix" | "master" | "poster" | "storyboard" | "peaks" | "image" | "instant">,
  durationSeconds: number,
  nowMs = Date.now(),
): Playback {
  const exp = playbackExpiry(nowMs, durationSeconds);
  const own = `assets/${versionId}/`;
  if (!preview.prefix.startsWith(own))
    throw new Error(`a preview of ${versionId} lies outside of its folder`);
  const folder = `${base}${signEdgeToken(key, versionId, exp)}${preview.prefix.slice(own.length)}`;
  const file = (name: string | null) => (name === null ? null : `${folder}${name}`);
  return {
    master: file(preview.master),
    poster: file(preview.poster),
    storyboard: file(preview.storyboard),
    peaks: file(preview.peaks),
    image: file(preview.image),
    instant: file(preview.instant),
    expiresAt: new Date(exp * 1000).toISOString(),
  };
}
