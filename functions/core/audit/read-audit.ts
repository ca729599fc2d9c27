import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { need, needScope } from "../auth/rights.ts";
import { pageOf, placeOf } from "../db/cursor.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { canonical, digestOf, firstHash } from "./append.ts";
import type { AuditItem, auditQuery, verifiedChain } from "./entry.ts";
import { type AuditRow, auditItemOf, findEntries, hashBefore, walkEntries } from "./store.ts";

type Deps = Pick<Resources, "sql">;

/** What crosses projects is for admins of the deployment. */
export function needAdmin(actor: Actor): void {
  const isAdmin = actor.kind === "system" || (actor.kind !== "guest" && actor.admin);
  if (!isAdmin) refuse("forbidden", "This is for admins of the deployment.");
  needScope(actor, "admin");
}

/** The audit log, newest first. */
export async function listAudit(
  { sql }: Deps,
  actor: Actor,
  { cursor, ...query }: z.output<typeof auditQuery>,
): Promise<{ items: AuditItem[]; nextCursor: string | null }> {
  if (query.projectId) await need(sql, actor, query.projectId, "manage");
  else needAdmin(actor);
  const [before] = placeOf(cursor, [z.number().int()]) ?? [];
  const rows = await findEntries(sql, query, before);
  return pageOf(rows, query.limit, auditItemOf, (row) => [row.seq]);
}

const batch = 2_000;
const deadlineMs = 8_000;

/**
 * Walks the hash chain from `after`. An entry that was changed, put in or taken out shows where the chain
 * breaks; one cut off at the end shows only against a head kept elsewhere. Ends early when it takes long.
 */
export async function verifyAudit(
  { sql }: Deps,
  actor: Actor,
  after: number,
): Promise<z.infer<typeof verifiedChain>> {
  needAdmin(actor);
  const until = performance.now() + deadlineMs;
  let previous = (after === 0 ? undefined : await hashBefore(sql, after)) ?? firstHash;
  let head: { seq: number; hash: string } | null = null;
  let checked = 0;
  let from = after;
  for (;;) {
    const rows = await walkEntries(sql, from, batch);
    for (const row of rows) {
      if (!row.previousHash.equals(previous) || !row.hash.equals(digestOfRow(row, previous)))
        return { intact: false, checked, brokenAt: row.seq, head, nextAfter: null };
      previous = row.hash;
      head = { seq: row.seq, hash: row.hash.toString("hex") };
      checked += 1;
      from = row.seq;
    }
    if (rows.length < batch) return { intact: true, checked, brokenAt: null, head, nextAfter: null };
    if (performance.now() > until) return { intact: true, checked, brokenAt: null, head, nextAfter: from };
  }
}

function digestOfRow(row: AuditRow, previous: Buffer): Buffer {
  return digestOf(previous, {
    at: row.at.toISOString(),
    projectId: row.projectId,
    actorKind: row.actorKind,
    actorId: row.actorId,
    actorName: row.actorName,
    action: row.action,
    subject: row.subject,
    detail: canonical(row.detail),
    requestId: row.requestId,
  });
}
