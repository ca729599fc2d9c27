import { UNDO_SECONDS } from "#core/assets/delete-asset.ts";
import { purgeVersion } from "#core/custody/purge-version.ts";
import { findMaster, unpurged, withoutManifest } from "#core/custody/store.ts";
import { ensureManifest } from "#core/custody/write-manifest.ts";
import { LEFTOVER_GRACE_MS, sweepLeftovers } from "#core/previews/sweep-leftovers.ts";
import { clearStaging } from "#core/uploads/end-upload.ts";
import { stagedLeftovers } from "#core/uploads/store.ts";
import type { OnTick } from "../trigger.ts";

/** Whoever ended an upload clears staging in the same breath; after this it did not happen. */
const SETTLED_MS = 300_000;
/** What a scanner found stays this long for whoever has to look at it. */
const EVIDENCE_MS = 7 * 86_400_000;
const BATCH = 100;

/** What others left behind: bytes in staging, deleted versions past their day of grace, previews that were replaced, manifests not written yet. */
export const sweep: OnTick = (deps) => async (signal) => {
  const { sql, log } = deps;
  for (const upload of await stagedLeftovers(sql, { settledMs: SETTLED_MS, evidenceMs: EVIDENCE_MS })) {
    if (signal.aborted) return;
    await clearStaging(deps, upload);
  }
  for (const versionId of await unpurged(sql, new Date(Date.now() - UNDO_SECONDS * 1000), BATCH)) {
    if (signal.aborted) return;
    await purgeVersion(deps, versionId).catch((error: unknown) =>
      log.warn({ err: error, versionId }, "a deleted version could not be purged yet"),
    );
  }
  await sweepLeftovers(deps, { graceMs: LEFTOVER_GRACE_MS, limit: BATCH, signal });
  for (const versionId of await withoutManifest(sql, BATCH)) {
    if (signal.aborted) return;
    const master = await findMaster(sql, versionId);
    if (master) await ensureManifest(deps, master);
  }
};
