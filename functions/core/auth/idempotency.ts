import { json, type Sql } from "../db/db.ts";

export type Begun =
  | { state: "begun" }
  | { state: "running" }
  | { state: "other-request" }
  | { state: "done"; status: number; headers: Record<string, string>; body: string };

/** Claims (actor, key) for one request. A claim whose process died is taken over after a minute. */
export async function beginIdempotent(
  sql: Sql,
  { actor, key, requestHash }: { actor: string; key: string; requestHash: Buffer },
): Promise<Begun> {
  const [claimed] = await sql`
    insert into idempotency_keys (actor, key, request_hash, locked_until, expires_at)
    values (${actor}, ${key}, ${requestHash}, now() + interval '60 seconds', now() + interval '24 hours')
    on conflict (actor, key) do update
      set request_hash = excluded.request_hash, status = null, headers = null, body = null,
          locked_until = excluded.locked_until, expires_at = excluded.expires_at, created_at = now()
      where idempotency_keys.expires_at < now()
         or (idempotency_keys.status is null and idempotency_keys.locked_until < now()
             and idempotency_keys.request_hash = excluded.request_hash)
    returning 1`;
  if (claimed) return { state: "begun" };
  const [row] = await sql<
    { requestHash: Buffer; status: number | null; headers: Record<string, string>; body: string }[]
  >`select request_hash as "requestHash", status, headers, body from idempotency_keys where actor = ${actor} and key = ${key}`;
  if (!row) return { state: "running" };
  if (!row.requestHash.equals(requestHash)) return { state: "other-request" };
  if (row.status === null) return { state: "running" };
  return { state: "done", status: row.status, headers: row.headers, body: row.body };
}

export async function finishIdempotent(
  sql: Sql,
  answer: { actor: string; key: string; status: number; headers: Record<string, string>; body: string },
): Promise<void> {
  await sql`update idempotency_keys set status = ${answer.status}, headers = ${json(sql, answer.headers)}, body = ${answer.body}
    where actor = ${answer.actor} and key = ${answer.key}`;
}

export async function releaseIdempotent(
  sql: Sql,
  { actor, key }: { actor: string; key: string },
): Promise<void> {
  await sql`delete from idempotency_keys where actor = ${actor} and key = ${key} and status is null`;
}
