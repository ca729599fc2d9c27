import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { needFree } from "../custody/delete-version.ts";
import { findMaster } from "../custody/store.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { isAbsent } from "../storage/faults.ts";
import type { Asset } from "./asset.ts";
import { needAsset, readAsset } from "./read-asset.ts";

/** How long a deletion can be taken back; the sweeper leaves the bytes alone for as long. */
export const UNDO_SECONDS = 86_400;

/**
 * Refuses while a version is under legal hold, locked, or still on its way to its master. Nobody is above this:
 * the storage would refuse as well.
 */
async function refuseKept(sql: Sql, assetId: string): Promise<void> {
  const rows = await sql<
    { number: number; state: string; lockUntil: Date | null; isHeld: boolean; holdReason: string | null }[]
  >`select number, state, lock_until as "lockUntil", legal_hold as "isHeld", hold_reason as "holdReason"
    from versions where asset_id = ${assetId} and deleted_at is null order by number for no key update`;
  for (const { number, state, isHeld, holdReason } of rows) {
    if (isHeld)
      refuse("under-hold", `Version ${number} is under legal hold: ${holdReason ?? "no reason given"}.`);
    if (state === "promoting")
      refuse("illegal-state", `Version ${number} is still being copied to its master. Try again afterwards.`);
  }
  const last = rows
    .filter((row) => row.lockUntil !== null && row.lockUntil.getTime() > Date.now())
    .sort((a, b) => Number(b.lockUntil) - Number(a.lockUntil))[0];
  if (last?.lockUntil)
    refuse(
      "locked",
      `Version ${last.number} is locked by the project's retention until ${last.lockUntil.toISOString()}. Nobody can delete it before.`,
    );
}

/** What the rows say may be behind what the storage holds: its word counts as well. A master that is gone protects nothing. */
async function refuseKeptByStorage(
  deps: Pick<Resources, "sql" | "promoter">,
  assetId: string,
): Promise<void> {
  const rows = await deps.sql<{ id: string }[]>`
    select id from versions where asset_id = ${assetId} and deleted_at is null
      and (lock_until is null or lock_until <= now()) and not legal_hold`;
  for (const { id } of rows) {
    const master = await findMaster(deps.sql, id);
    if (master)
      await needFree(deps, master).catch((error: unknown) => {
        if (!isAbsent(error)) throw error;
      });
  }
}

/** Takes an asset out of sight. Within a day it can be restored; then its bytes go. */
export async function deleteAsset(
  deps: Pick<Resources, "sql" | "promoter">,
  actor: Actor,
  assetId: string,
  revision: number | undefined,
): Promise<void> {
  const row = await needAsset(deps, actor, assetId, "manage");
  await refuseKeptByStorage(deps, assetId);
  await inTransaction(deps.sql, async (sql) => {
    const [deleted] = await sql<{ at: Date }[]>`
      update assets set deleted_at = now(), revision = revision + 1, updated_at = now()
      where id = ${assetId} and deleted_at is null ${revision === undefined ? sql`` : sql`and revision = ${revision}`}
      returning deleted_at as at`;
    if (!deleted) refuse("stale", "Someone changed this asset since you read it.");
    await refuseKept(sql, assetId);
    await sql`update versions set deleted_at = ${deleted.at}, updated_at = now()
      where asset_id = ${assetId} and deleted_at is null`;
    await sql`update preview_jobs set state = 'cancelled', finished_at = now()
      where state in ('queued', 'running') and version_id in (select id from versions where asset_id = ${assetId})`;
    await emit(sql, { projectId: row.projectId, type: "asset.deleted", data: { assetId, name: row.name } });
    await audit(sql, actor, {
      projectId: row.projectId,
      action: "asset.deleted",
      subject: assetId,
      detail: { name: row.name },
    });
  });
}

/** Takes a deletion back while the bytes are still there. */
export async function restoreAsset(
  deps: Pick<Resources, "sql" | "config">,
  actor: Actor,
  assetId: string,
): Promise<{ asset: Asset; revision: number }> {
  const [row] = await deps.sql<{ projectId: string; deletedAt: Date | null }[]>`
    select project_id as "projectId", deleted_at as "deletedAt" from assets where id = ${assetId}`;
  if (!row) notFound("asset");
  await need(deps.sql, actor, row.projectId, "manage", "asset");
  if (row.deletedAt)
    await inTransaction(deps.sql, async (sql) => {
      const gone = await sql`
        select 1 from versions where asset_id = ${assetId} and deleted_at = ${row.deletedAt} and purged_at is not null`;
      const rows = await sql`
        update assets set deleted_at = null, revision = revision + 1, updated_at = now()
        where id = ${assetId} and deleted_at > now() - ${`${UNDO_SECONDS} seconds`}::interval returning 1`;
      if (gone.length > 0 || rows.length === 0)
        refuse("gone", "This was deleted more than a day ago and cannot be taken back.");
      await sql`update versions set deleted_at = null, updated_at = now(),
          state = case when state in ('mastered', 'building', 'playable') then 'failed' else state end,
          reason_code = case when state in ('mastered', 'building', 'playable') then 'cancelled' else reason_code end,
          reason = case when state in ('mastered', 'building', 'playable')
                        then 'The build stopped when this was deleted. Try again to make the preview.' else reason end
        where asset_id = ${assetId} and deleted_at = ${row.deletedAt}`;
      await emit(sql, { projectId: row.projectId, type: "asset.updated", data: { assetId, restored: true } });
      await audit(sql, actor, { projectId: row.projectId, action: "asset.restored", subject: assetId });
    });
  return readAsset(deps, actor, assetId);
}
