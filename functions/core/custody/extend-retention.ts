import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { readLock, setLock } from "../storage/lock.ts";
import { placeOf, refuseMissing } from "./read-custody.ts";
import { findMaster, lockMasterRow, storeLock } from "./store.ts";

const MAX_DAYS = 36_500;

/** Locks a master for longer. Never shorter: not even the person who set the date can take it back. */
export async function extendRetention(
  deps: Pick<Resources, "sql" | "promoter">,
  actor: Actor,
  versionId: string,
  until: Date,
  requestId?: string,
): Promise<void> {
  const { sql, promoter } = deps;
  const seen = await findMaster(sql, versionId);
  if (!seen) notFound("version");
  await need(sql, actor, seen.projectId, "manage", "version");
  if (until.getTime() > Date.now() + MAX_DAYS * 86_400_000)
    refuse("invalid", `A lock can reach ${MAX_DAYS} days ahead.`, {
      errors: [{ pointer: "/until", detail: `at most ${MAX_DAYS} days from now` }],
    });
  await inTransaction(sql, async (tx) => {
    const master = (await lockMasterRow(tx, versionId)) ?? notFound("version");
    if (!master.storageVersionId || !master.lockMode)
      refuse("illegal-state", "There is no master yet to lock. Wait until it is copied.");
    const place = placeOf(promoter.buckets.masters, master);
    const before = await readLock(promoter, place).catch(refuseMissing);
    const locked = before?.until ?? master.lockUntil;
    if (locked && until <= locked)
      refuse(
        "conflict",
        `It is locked until ${locked.toISOString()}. A lock can be extended beyond that date, never shortened.`,
      );
    const after = await setLock(promoter, place, { mode: before?.mode ?? master.lockMode, until });
    await storeLock(tx, versionId, after);
    await audit(tx, actor, {
      projectId: master.projectId,
      action: "retention.extended",
      subject: versionId,
      detail: { mode: after.mode, from: locked?.toISOString() ?? null, until: after.until.toISOString() },
      ...(requestId ? { requestId } : {}),
    });
  });
}
