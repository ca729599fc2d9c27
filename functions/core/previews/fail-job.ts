import { audit } from "#core/audit/append.ts";
import { system } from "#core/auth/actor.ts";
import { inTransaction, type Sql } from "#core/db/db.ts";
import { emit } from "#core/outbox.ts";
import type { BuildFailure, Claim } from "./job.ts";
import { leaveRunning, showFailed } from "./store.ts";
import { withdraw } from "./withdraw.ts";

/**
 * Ends the job, and its version unless that already shows a finished preview, with a reason for people.
 * A master that is not what was uploaded takes down a finished preview as well. False: the job was no longer ours.
 */
export async function failJob(sql: Sql, claim: Claim, failure: BuildFailure): Promise<boolean> {
  return inTransaction(sql, async (tx) => {
    const reason = { code: failure.code, reason: failure.message };
    if (!(await leaveRunning(tx, claim, { state: "failed", failure: reason }))) return false;
    const isMismatch = failure.code === "master-mismatch";
    const data = { versionId: claim.versionId, assetId: claim.assetId, jobId: claim.jobId };
    const told = { ...data, reasonCode: failure.code, reason: failure.message };
    if (isMismatch) await emit(tx, { projectId: claim.projectId, type: "master.mismatch", data: told });
    if (await showFailed(tx, claim.versionId, reason, isMismatch)) {
      await emit(tx, { projectId: claim.projectId, type: "version.failed", data: told });
    }
    if (isMismatch) {
      await withdraw(tx, claim.versionId);
      await audit(tx, system, {
        projectId: claim.projectId,
        action: "master.quarantined",
        subject: claim.versionId,
        detail: { fault: failure.message },
      });
    }
    return true;
  });
}
