import type { Resources } from "../resources.ts";
import { readAhead } from "../storage/read-ahead.ts";
import { setWaiting } from "../uploads/store.ts";
import { type CopyClaim, recordScan } from "./copy-store.ts";
import { scanByClamd } from "./scan-clamd.ts";
import { scanByHttp } from "./scan-http.ts";

/**
 * Sends the staged file through the scanner that `AV_SCAN` names, streamed and pinned by its ETag. Answers what was
 * found, or undefined. A clean verdict is remembered, so that a copy that starts again does not scan again.
 */
export async function scanStaged(
  { sql, promoter, config }: Pick<Resources, "sql" | "promoter" | "config">,
  claim: CopyClaim,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!config.AV_SCAN) {
    if (claim.scanVerdict === null) await recordScan(sql, claim, "off");
    return undefined;
  }
  if (claim.scanVerdict === "clean") return undefined;
  const scanner = new URL(config.AV_SCAN);
  const scan = scanner.protocol === "clamd:" ? scanByClamd : scanByHttp;
  const place = { bucket: promoter.buckets.staging, key: claim.staged.key, etag: claim.staged.etag };
  const verdict = await scan(scanner, readAhead(promoter, place, claim.bytes), {
    bytes: claim.bytes,
    name: claim.staged.name,
    id: claim.uploadId,
    signal,
  });
  await recordScan(sql, claim, verdict.found ? "infected" : "clean");
  await setWaiting(sql, claim.uploadId, null);
  return verdict.found;
}
