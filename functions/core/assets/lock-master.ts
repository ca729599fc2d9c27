import { audit } from "../audit/append.ts";
import { system } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { newId } from "../id.ts";
import { emit, hint } from "../outbox.ts";
import { recipeHash } from "../previews/recipe.ts";
import type { Resources } from "../resources.ts";
import { storageNow } from "../storage/clock.ts";
import type { Lock } from "../storage/copy.ts";
import { setLock } from "../storage/lock.ts";
import type { Storage } from "../storage/storage.ts";
import { spend } from "../uploads/quota.ts";
import { markPromoted } from "../uploads/store.ts";
import { type CopyClaim, holdCopy, markMastered } from "./copy-store.ts";

/** What the project's policy asks for, counted from now by the storage's clock. */
export async function lockWanted(storage: Storage, { policy }: Pick<CopyClaim, "policy">): Promise<Lock> {
  const now = await storageNow(storage);
  return { mode: policy.lockMode, until: new Date(now.getTime() + policy.lockDays * 86_400_000) };
}

/**
 * Locks the master, reads the lock back, and records the version as mastered with its preview asked for: all of it or
 * nothing. Throws `LockNotKept` when the storage did not keep what it was told. False: the version went elsewhere.
 */
export async function lockMaster(
  { sql, promoter }: Pick<Resources, "sql" | "promoter">,
  claim: CopyClaim,
  master: { storageVersionId: string; etag: string },
): Promise<boolean> {
  const version = {
    bucket: promoter.buckets.masters,
    key: claim.masterKey,
    versionId: master.storageVersionId,
  };
  const lock = await setLock(promoter, version, await lockWanted(promoter, claim));
  return inTransaction(sql, async (tx) => {
    await holdCopy(tx, claim);
    if (!(await markMastered(tx, claim, lock))) return false;
    await markPromoted(tx, claim.uploadId);
    await spend(tx, claim.projectId, claim.bytes);
    const jobId = newId("job");
    const made = await tx`insert into preview_jobs (id, version_id, project_id, recipe, recipe_hash)
      values (${jobId}, ${claim.versionId}, ${claim.projectId}, '{}', ${recipeHash({})})
      on conflict (version_id, recipe_hash) where state in ('queued', 'running') do nothing returning 1`;
    if (made.length === 1) await hint(tx, "previews:build", jobId);
    await emit(tx, {
      projectId: claim.projectId,
      type: "version.promoted",
      data: {
        versionId: claim.versionId,
        assetId: claim.assetId,
        uploadId: claim.uploadId,
        bytes: claim.bytes,
        lock: { mode: lock.mode, until: lock.until.toISOString() },
      },
    });
    await audit(tx, system, {
      projectId: claim.projectId,
      action: "version.mastered",
      subject: claim.versionId,
      detail: {
        key: claim.masterKey,
        storageVersionId: master.storageVersionId,
        etag: master.etag,
        bytes: claim.bytes,
        lockMode: lock.mode,
        lockUntil: lock.until.toISOString(),
      },
    });
    return true;
  });
}
