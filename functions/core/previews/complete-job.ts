import type { Media } from "#core/assets/asset.ts";
import { inTransaction, type Sql } from "#core/db/db.ts";
import { purgeVersion } from "#core/edge/generation-log.ts";
import { emit, hint } from "#core/outbox.ts";
import type { Claim } from "./job.ts";
import type { Preview } from "./preview.ts";
import { leaveRunning, showFinished } from "./store.ts";

/**
 * The one update that points the version at the finished prefix. A rebuild replaces what is shown in the same
 * statement, and the edge is told to forget the old one. False: the job was no longer ours, and nothing changed.
 */
export async function completeJob(
  sql: Sql,
  claim: Claim,
  built: { preview: Preview; media: Media; contentKey: string; result: Record<string, unknown> },
): Promise<boolean> {
  return inTransaction(sql, async (tx) => {
    const isOurs = await leaveRunning(tx, claim, {
      state: "done",
      prefix: built.preview.prefix,
      contentKey: built.contentKey,
      result: built.result,
      rungs: built.preview.rungs,
      engine: built.preview.engine,
    });
    if (!isOurs) return false;
    const shown = await showFinished(tx, claim, built);
    if (!shown) return true; // deleted meanwhile, or a later build is on screen
    if (claim.isWithdrawn) await purgeVersion(tx, claim.versionId, { deny: false });
    await emit(tx, {
      projectId: claim.projectId,
      type: "version.ready",
      data: { versionId: claim.versionId, assetId: claim.assetId, jobId: claim.jobId },
    });
    if (shown.wasReady) await hint(tx, "edge:purge", claim.versionId, claim.traceparent ?? undefined);
    return true;
  });
}
