import type { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import type { Sql } from "../db/db.ts";
import type { AuditItem, auditQuery } from "./entry.ts";

export interface AuditRow {
  seq: number;
  at: Date;
  projectId: string | null;
  actorKind: Actor["kind"];
  actorId: string | null;
  actorName: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
  requestId: string | null;
  previousHash: Buffer;
  hash: Buffer;
}

export const auditItemOf = (row: AuditRow): AuditItem => ({
  seq: row.seq,
  at: row.at.toISOString(),
  projectId: row.projectId,
  actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
  action: row.action,
  subject: row.subject,
  detail: row.detail as AuditItem["detail"],
  requestId: row.requestId,
  hash: row.hash.toString("hex"),
});

const columns = (
  sql: Sql,
) => sql`seq, at, project_id as "projectId", actor_kind as "actorKind", actor_id as "actorId",
  actor_name as "actorName", action, subject, detail, request_id as "requestId",
  previous_hash as "previousHash", hash`;

/** Newest first, one more than `limit`. */
export async function findEntries(
  sql: Sql,
  query: Omit<z.output<typeof auditQuery>, "cursor">,
  before: number | undefined,
): Promise<AuditRow[]> {
  const { projectId, actor, subject, action, from, until } = query;
  return sql<AuditRow[]>`select ${columns(sql)} from audit_log where true
    ${projectId ? sql`and project_id = ${projectId}` : sql``}
    ${actor ? sql`and actor_id = ${actor}` : sql``}
    ${subject ? sql`and subject = ${subject}` : sql``}
    ${action ? (action.endsWith(".") ? sql`and starts_with(action, ${action})` : sql`and action = ${action}`) : sql``}
    ${from ? sql`and at >= ${new Date(from)}` : sql``}
    ${until ? sql`and at < ${new Date(until)}` : sql``}
    ${before === undefined ? sql`` : sql`and seq < ${before}`}
    order by seq desc limit ${query.limit + 1}`;
}

/** Oldest first, after `seq`. */
export async function walkEntries(sql: Sql, after: number, limit: number): Promise<AuditRow[]> {
  return sql<
    AuditRow[]
  >`select ${columns(sql)} from audit_log where seq > ${after} order by seq limit ${limit}`;
}

/** The hash the entry after `seq` must stand on. */
export async function hashBefore(sql: Sql, seq: number): Promise<Buffer | undefined> {
  const [row] = await sql<{ hash: Buffer }[]>`
    select hash from audit_log where seq <= ${seq} order by seq desc limit 1`;
  return row?.hash;
}
