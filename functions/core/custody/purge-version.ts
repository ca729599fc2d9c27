import { audit } from "../audit/append.ts";
import { system } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { hint } from "../outbox.ts";
import type { Resources } from "../resources.ts";
import { isDenied } from "../storage/faults.ts";
import { deletePrefix } from "../storage/prefix.ts";
import { removeObject } from "../storage/remove.ts";
import { free } from "../uploads/quota.ts";
import { placeOf } from "./read-custody.ts";
import { findDeleted, markPurged } from "./store.ts";

/**
 * Removes the bytes of a deleted version: previews, master, and what the edges cached; then the project has its room
 * back. Manifests and the audit trail stay. False while the storage still protects the master, or when nothing is left.
 */
export async function purgeVersion(
  deps: Pick<Resources, "sql" | "custodian" | "log">,
  versionId: string,
): Promise<boolean> {
  const { sql, custodian, log } = deps;
  const master = await findDeleted(sql, versionId);
  if (!master) return false;
  if (master.storageVersionId)
    try {
      await removeObject(custodian, placeOf(custodian.buckets.masters, master));
    } catch (error) {
      if (!isDenied(error)) throw error;
      log.warn({ versionId }, "the storage still protects a deleted master; the sweep will try again");
      return false;
    }
  await deletePrefix(custodian, custodian.buckets.previews, `assets/${versionId}/`);
  return inTransaction(sql, async (tx) => {
    if (!(await markPurged(tx, versionId))) return false;
    if (master.lockMode) await free(tx, master.projectId, master.bytes);
    await hint(tx, "edge:purge", versionId);
    await audit(tx, system, {
      projectId: master.projectId,
      action: "version.purged",
      subject: versionId,
      detail: {
        key: master.key,
        storageVersionId: master.storageVersionId,
        bytes: master.bytes,
        sha256: master.sha256,
        xxh128: master.xxh128,
        c4: master.c4,
      },
    });
    return true;
  });
}
