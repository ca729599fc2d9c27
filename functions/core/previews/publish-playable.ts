import type { Media } from "#core/assets/asset.ts";
import { inTransaction, json, type Sql } from "#core/db/db.ts";
import { emit } from "#core/outbox.ts";
import type { Claim } from "./job.ts";
import type { Preview } from "./preview.ts";
import { lockHeld, showPlayable } from "./store.ts";

/**
 * The first segments are in previews: shows the growing preview, unless a finished one is on screen.
 * False: the job was no longer ours.
 */
export async function publishPlayable(
  sql: Sql,
  claim: Claim,
  shown: { preview: Preview; media: Media },
): Promise<boolean> {
  return inTransaction(sql, async (tx) => {
    if (!(await lockHeld(tx, claim))) return false;
    await tx`
      update preview_jobs set prefix = ${shown.preview.prefix}, rungs = ${json(tx, shown.preview.rungs)},
        waiting = null
      where id = ${claim.jobId}`;
    if ((await showPlayable(tx, claim.versionId, shown))?.isNew) {
      await emit(tx, {
        projectId: claim.projectId,
        type: "version.playable",
        data: { versionId: claim.versionId, assetId: claim.assetId, jobId: claim.jobId },
      });
    }
    return true;
  });
}
