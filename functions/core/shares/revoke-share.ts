import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { recheckRights } from "../events/live.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { needShare } from "./read-shares.ts";
import { revokeShareRow } from "./store.ts";

/** Withdraws a link for good. Visits that are open end with it. */
export async function revokeShare(
  deps: Pick<Resources, "sql" | "redis">,
  actor: Actor,
  id: string,
  revision: number | undefined,
): Promise<void> {
  const row = await needShare(deps, actor, id);
  await inTransaction(deps.sql, async (sql) => {
    if (!(await revokeShareRow(sql, id, revision)))
      refuse("stale", "Someone changed this link since you read it.");
    await audit(sql, actor, { projectId: row.projectId, action: "share.revoked", subject: id });
  });
  await recheckRights(deps.redis, row.projectId);
}
