import { type EdgeClient, openEdge } from "./edge-client.ts";

/** The edges of this deployment, from EDGE_PURGE_URLS and EDGE_PURGE_KEY; none when no key is set. */
export function edgesOf(
  config: { EDGE_PURGE_URLS: readonly string[]; EDGE_PURGE_KEY?: string | undefined },
  signal?: AbortSignal,
): EdgeClient[] {
  const key = config.EDGE_PURGE_KEY;
  return key === undefined ? [] : config.EDGE_PURGE_URLS.map((url) => openEdge(url, key, signal));
}
