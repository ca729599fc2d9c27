import { json, type Sql } from "../db/db.ts";
import { Refusal } from "../refusal.ts";

export type Begun =
  | { state: "begun"; fence: number }
  /** Carried out by a process that died before it could note its answer. */
  | { state: "answer-lost" }
  | { state: "running" }
  | { state: "other-request" }
  | { state: "done"; status: number; headers: Record<string, string>; body: string };

/**
 * Claims (actor, key) for one request. A claim whose process died is taken over after a minute, unless what it was
 * for has been done: then only a request that `isRepeatable` by its nature begins again.
 */
export async function beginIdempotent(
  sql: Sql,
  {
    actor,
    key,
    requestHash,
    isRepeatable = false,
  }: { actor: string; key: string; requestHash: Buffer; isRepeatable?: boolean },
): Promise<Begun> {
  const [claimed] = await sql<{ fence: number }[]>`
    insert into idempotency_keys (actor, key, request_hash, locked_until, expires_at)
    values (${actor}, ${key}, ${requestHash}, now() + interval '60 seconds', now() + interval '24 hours')
    on conflict (actor, key) do update
      set request_hash = excluded.request_hash, status = null, headers = null, body = null,
          locked_until = excluded.locked_until, expires_at = excluded.expires_at, created_at = now(),
          fence = idempotency_keys.fence + 1, effect_at = null
      where idempotency_keys.expires_at < now()
         or (idempotency_keys.status is null and idempotency_keys.locked_until < now()
             and idempotency_keys.request_hash = excluded.request_hash
             and (idempotency_keys.effect_at is null or ${isRepeatable}))
    returning fence`;
  if (claimed) return { state: "begun", fence: claimed.fence };
  const [row] = await sql<
    {
      requestHash: Buffer;
      status: number | null;
      headers: Record<string, string>;
      body: string;
      isLost: boolean;
    }[]
  >`select request_hash as "requestHash", status, headers, body,
      (locked_until < now() and effect_at is not null) as "isLost"
    from idempotency_keys where actor = ${actor} and key = ${key}`;
  if (!row) return { state: "running" };
  if (!row.requestHash.equals(requestHash)) return { state: "other-request" };
  if (row.status === null) return { state: row.isLost ? "answer-lost" : "running" };
  return { state: "done", status: row.status, headers: row.headers, body: row.body };
}

/**
 * Called first in each transaction of the request: what it does and the mark that it was done are committed together.
 * Throws when another request has taken the claim over, so that of two at most one commits.
 */
export async function markEffect(
  sql: Sql,
  { actor, key, fence }: { actor: string; key: string; fence: number },
): Promise<void> {
  const rows = await sql`update idempotency_keys set effect_at = coalesce(effect_at, now())
    where actor = ${actor} and key = ${key} and fence = ${fence} and status is null returning 1`;
  if (rows.length === 0)
    throw new Refusal("key-in-flight", "Another request with this key has taken over.", {
      retryAfterSeconds: 1,
    });
}

export async function finishIdempotent(
  sql: Sql,
  answer: { actor: string; key: string; status: number; headers: Record<string, string>; body: string },
): Promise<void> {
  await sql`update idempotency_keys set status = ${answer.status}, headers = ${json(sql, answer.headers)}, body = ${answer.body}
    where actor = ${answer.actor} and key = ${answer.key}`;
}

/** The request failed on our side: the key is free again, unless something had been committed by then. */
export async function releaseIdempotent(
  sql: Sql,
  { actor, key }: { actor: string; key: string },
): Promise<void> {
  await sql`with released as (
      delete from idempotency_keys
      where actor = ${actor} and key = ${key} and status is null and effect_at is null returning 1)
    update idempotency_keys set locked_until = now() - interval '1 second'
    where actor = ${actor} and key = ${key} and status is null and not exists (select 1 from released)`;
}

/** Deletes up to `limit` keys that are over. Answers how many. */
export async function forgetIdempotent(sql: Sql, limit: number): Promise<number> {
  const rows = await sql`delete from idempotency_keys where (actor, key) in (
      select actor, key from idempotency_keys where expires_at < now() order by expires_at limit ${limit}
      for update skip locked) returning 1`;
  return rows.length;
}
