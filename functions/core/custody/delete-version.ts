import { versionRevision } from "../assets/asset.ts";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { isDenied } from "../storage/faults.ts";
import { removeObject } from "../storage/remove.ts";
import { purgeVersion } from "./purge-version.ts";
import { lockNow, placeOf } from "./read-custody.ts";
import { findMaster, lockMasterRow, type Master } from "./store.ts";

type Deps = Pick<Resources, "sql" | "promoter" | "custodian" | "log">;

/** Refuses with the date, or with the reason of the hold, while the storage protects this master. */
export async function needFree(deps: Pick<Resources, "promoter">, master: Master): Promise<void> {
  if (master.state === "promoting")
    refuse("illegal-state", `${master.name} is being copied to the masters. Wait until that is over.`);
  const { lock, isHeld } = await lockNow(deps, master);
  if (isHeld || master.legalHold)
    refuse(
      "under-hold",
      `${master.name} is under legal hold, placed by ${master.holdPlacedByName ?? "a manager"}: ${master.holdReason ?? "no reason is recorded"}. A second manager has to release it first.`,
    );
  if (lock && lock.until > new Date())
    refuse(
      "locked",
      `${master.name} is locked (${lock.mode}) until ${lock.until.toISOString()}. Nobody can delete it before.`,
    );
}

/**
 * Deletes one version for good: its master, its previews, its place in the edge caches. The audit trail and the
 * manifests stay. Refused while it is locked or held; the storage would refuse it as well.
 */
export async function deleteVersion(
  deps: Deps,
  actor: Actor,
  versionId: string,
  expected: number | undefined,
  requestId?: string,
): Promise<void> {
  const seen = await findMaster(deps.sql, versionId);
  if (!seen) notFound("version");
  await need(deps.sql, actor, seen.projectId, "manage", "version");
  if (expected !== undefined && expected !== versionRevision(seen.state))
    refuse("stale", `This version is ${seen.state} since you read it.`);
  await needFree(deps, seen);
  await erase(deps, actor, versionId, requestId);
  await purgeVersion(deps, versionId);
}

async function erase(deps: Deps, actor: Actor, versionId: string, requestId?: string): Promise<void> {
  const { custodian } = deps;
  await inTransaction(deps.sql, async (tx) => {
    const master = await lockMasterRow(tx, versionId);
    if (!master) return; // somebody else deleted it a moment ago
    await tx`update versions set deleted_at = now(), updated_at = now() where id = ${versionId}`;
    await tx`update preview_jobs set state = 'cancelled', finished_at = now()
      where version_id = ${versionId} and state in ('queued', 'running')`;
    await tx`update assets set revision = revision + 1, updated_at = now(), current_version_id = (
        select id from versions where asset_id = ${master.assetId} and deleted_at is null order by number desc limit 1)
      where id = ${master.assetId}`;
    await emit(tx, {
      projectId: master.projectId,
      type: "version.deleted",
      data: { versionId, assetId: master.assetId },
    });
    await audit(tx, actor, {
      projectId: master.projectId,
      action: "version.deleted",
      subject: versionId,
      detail: {
        name: master.name,
        bytes: master.bytes,
        key: master.key,
        storageVersionId: master.storageVersionId,
      },
      ...(requestId ? { requestId } : {}),
    });
    // Last, so that a lock only the storage knows of undoes everything above.
    if (master.storageVersionId)
      await removeObject(custodian, placeOf(custodian.buckets.masters, master)).catch((error) => {
        if (!isDenied(error)) throw error;
        refuse("locked", `The storage still protects ${master.name}. Read its custody for the date.`);
      });
  });
}
