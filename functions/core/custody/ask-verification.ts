import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { findMaster } from "./store.ts";

/** Puts a master at the front of `verify-masters`. The result is a new generation in its custody. */
export async function askVerification(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  versionId: string,
  requestId?: string,
): Promise<void> {
  const master = await findMaster(sql, versionId);
  if (!master) notFound("version");
  await need(sql, actor, master.projectId, "manage", "version");
  if (!master.storageVersionId || !master.lockMode)
    refuse("illegal-state", "There is no master yet to read. Wait until it is copied.");
  await inTransaction(sql, async (tx) => {
    await tx`update versions set verify_asked_at = coalesce(verify_asked_at, now()) where id = ${versionId}`;
    await audit(tx, actor, {
      projectId: master.projectId,
      action: "verification.asked",
      subject: versionId,
      ...(requestId ? { requestId } : {}),
    });
  });
}
