import { audit } from "../audit/append.ts";
import { type Actor, personOf } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { setHold } from "../storage/lock.ts";
import { placeOf, refuseMissing } from "./read-custody.ts";
import { findMaster, lockMasterRow, storeHold } from "./store.ts";

/**
 * Places a legal hold, which needs a manager and a reason, or releases it, which needs another manager than the one
 * who placed it. The storage is told inside the transaction and asked back: a hold that it does not keep is none.
 */
export async function setLegalHold(
  deps: Pick<Resources, "sql" | "promoter">,
  actor: Actor,
  versionId: string,
  input: { on: boolean; reason: string },
  requestId?: string,
): Promise<void> {
  const { sql, promoter } = deps;
  const seen = await findMaster(sql, versionId);
  if (!seen) notFound("version");
  await need(sql, actor, seen.projectId, "manage", "version");
  const person = personOf(actor);
  if (!person) refuse("forbidden", "A legal hold is placed and released by people.");
  await inTransaction(sql, async (tx) => {
    const master = (await lockMasterRow(tx, versionId)) ?? notFound("version");
    if (!master.storageVersionId || !master.lockMode)
      refuse("illegal-state", "There is no master yet to hold. Wait until it is copied.");
    if (input.on && master.legalHold)
      refuse("illegal-state", `It is already under hold, placed by ${master.holdPlacedByName}.`);
    if (!input.on && !master.legalHold) refuse("illegal-state", "It is not under hold.");
    if (!input.on && master.holdPlacedBy === person)
      refuse(
        "forbidden",
        "You placed this hold, so a second manager has to release it. Ask another manager of the project.",
      );
    await setHold(promoter, placeOf(promoter.buckets.masters, master), input.on).catch(refuseMissing);
    await storeHold(tx, versionId, input.on ? { reason: input.reason, placedBy: person } : null);
    await emit(tx, {
      projectId: master.projectId,
      type: input.on ? "hold.placed" : "hold.released",
      data: { versionId, assetId: master.assetId, reason: input.reason, by: actor.name },
    });
    await audit(tx, actor, {
      projectId: master.projectId,
      action: input.on ? "hold.placed" : "hold.released",
      subject: versionId,
      detail: {
        reason: input.reason,
        ...(input.on ? {} : { placedBy: master.holdPlacedByName, placedFor: master.holdReason }),
      },
      ...(requestId ? { requestId } : {}),
    });
  });
}
