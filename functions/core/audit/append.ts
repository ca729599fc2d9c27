import { createHash } from "node:crypto";
import type { Actor } from "../auth/actor.ts";
import { json, type Sql } from "../db/db.ts";
import { currentRequest } from "../telemetry/request.ts";

export interface AuditEntry {
  projectId: string | null;
  /** `noun.verb`, as in `hold.placed`. */
  action: string;
  /** The id of what it was done to. */
  subject: string;
  detail?: Record<string, unknown>;
  requestId?: string;
}

/** Any number: one lock for the head of the chain. */
const chainLock = 8_115_241_202;

export const firstHash = Buffer.alloc(32);

/** The bytes an entry's hash covers, besides the hash before it. */
export function digestOf(previous: Buffer, entry: Record<string, unknown>): Buffer {
  const keys = Object.keys(entry).sort();
  return createHash("sha256")
    .update(previous)
    .update(JSON.stringify(keys.map((key) => [key, entry[key]])))
    .digest();
}

/**
 * Appends to the audit log in the transaction of the deed itself. Each row's hash covers the row before it,
 * so an edit or a removal shows. Call it last in the transaction: it takes the lock of the chain until commit.
 */
export async function audit(sql: Sql, actor: Actor, entry: AuditEntry): Promise<void> {
  await sql`select pg_advisory_xact_lock(${chainLock})`;
  const [last] = await sql<{ hash: Buffer }[]>`select hash from audit_log order by seq desc limit 1`;
  const previous = last?.hash ?? firstHash;
  const at = new Date();
  const detail = JSON.parse(JSON.stringify(entry.detail ?? {})) as Record<string, unknown>;
  const row = {
    at: at.toISOString(),
    projectId: entry.projectId,
    actorKind: actor.kind,
    actorId: actor.id,
    actorName: actor.name,
    action: entry.action,
    subject: entry.subject,
    detail: canonical(detail),
    requestId: entry.requestId ?? currentRequest()?.requestId ?? null,
  };
  await sql`insert into audit_log
    (at, project_id, actor_kind, actor_id, actor_name, action, subject, detail, request_id, previous_hash, hash)
    values (${at}, ${row.projectId}, ${row.actorKind}, ${row.actorId}, ${row.actorName}, ${row.action}, ${row.subject},
            ${json(sql, detail)}, ${row.requestId}, ${previous}, ${digestOf(previous, row)})`;
}

/** JSON with sorted keys: jsonb does not keep their order, and the hash must not depend on it. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, canonical(inner)]),
  );
}
