import { z } from "zod";
import { json, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { hintOf } from "../queue/hint.ts";
import { noteOutbox } from "../telemetry/request.ts";

/** While an attempt runs nobody else begins one; a crashed attempt is due again after this. */
export const ATTEMPT_LEASE_SECONDS = 60;
/** Clocks of the queue and of Postgres differ; a hint this much early is not sent away. */
const EARLY_MS = 500;

const claimSchema = z.object({
  id: z.string(),
  fence: z.number(),
  attempts: z.number(),
  event_id: z.string(),
  body: z.string(),
  endpoint_id: z.string(),
  project_id: z.string(),
  url: z.string(),
  secret: z.string(),
  previous_secret: z.string().nullable(),
  closed: z.boolean(),
});
export type ClaimedDelivery = z.infer<typeof claimSchema>;

export interface NewDelivery {
  endpointId: string;
  eventId: string;
  type: string;
  /** ISO 8601. */
  at: string;
  data: Record<string, unknown>;
}

/**
 * Delivery rows and their hints, in the caller's transaction. The body is fixed here, so that every attempt sends
 * the same bytes. An event that an endpoint already has is left alone. Answers the new ids.
 */
export async function addDeliveries(sql: Sql, deliveries: NewDelivery[]): Promise<string[]> {
  if (deliveries.length === 0) return [];
  const rows = deliveries.map(({ endpointId, eventId, type, at, data }) => ({
    id: newId("delivery"),
    endpoint_id: endpointId,
    event_id: eventId,
    type,
    body: JSON.stringify({ type, timestamp: at, data }),
  }));
  const added = await sql<{ id: string }[]>`
    insert into webhook_deliveries (id, endpoint_id, event_id, type, body, next_attempt_at)
    select id, endpoint_id, event_id, type, body, now()
    from jsonb_to_recordset(${json(sql, rows)}::jsonb)
      as r (id text, endpoint_id text, event_id text, type text, body text)
    on conflict (endpoint_id, event_id) do nothing returning id`;
  await hintDeliveries(
    sql,
    added.map(({ id }) => id),
  );
  return added.map(({ id }) => id);
}

async function hintDeliveries(sql: Sql, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = ids.map((id) => ({ key: id, body: hintOf(id) }));
  await sql`insert into outbox (topic, key, body)
    select 'webhooks:deliver', r.key, r.body from jsonb_to_recordset(${json(sql, rows)}::jsonb) as r (key text, body jsonb)`;
  noteOutbox();
}

/** Which endpoint wants which of these events: enabled endpoints of the project whose filter names the type or `*`. */
export async function endpointsFor(
  sql: Sql,
  projectIds: string[],
): Promise<{ id: string; projectId: string; events: string[] }[]> {
  return sql<{ id: string; projectId: string; events: string[] }[]>`
    select id, project_id as "projectId", events from webhook_endpoints
    where project_id = any(${projectIds}) and disabled_at is null and deleted_at is null`;
}

/**
 * Begins an attempt: raises the fence, counts it, and makes the row due again after the lease. Null when there is
 * nothing to do: settled, not due yet, for one of `notFor`, or somebody is at it. The first attempt waits for no time,
 * which a clock that was set back would make an hour.
 */
export async function claimDelivery(
  sql: Sql,
  id: string,
  notFor: string[] = [],
): Promise<ClaimedDelivery | null> {
  const rows = claimSchema.array().parse(
    await sql`
    update webhook_deliveries d set fence = d.fence + 1, attempts = d.attempts + 1,
      next_attempt_at = now() + ${`${ATTEMPT_LEASE_SECONDS} seconds`}::interval
    from webhook_endpoints e
    where d.id = ${id} and d.state = 'pending' and e.id = d.endpoint_id and e.id <> all(${notFor})
      and (d.attempts = 0 or d.next_attempt_at <= now() + ${`${EARLY_MS} milliseconds`}::interval)
    returning d.id, d.fence, d.attempts, d.event_id, d.body, e.id as endpoint_id, e.project_id, e.url, e.secret,
      case when e.previous_secret_until > now() then e.previous_secret end as previous_secret,
      (e.disabled_at is not null or e.deleted_at is not null) as closed`,
  );
  return rows[0] ?? null;
}

/** Milliseconds until a delivery that is still to be made is due; null when it has ended. */
export async function dueInMs(sql: Sql, id: string): Promise<number | null> {
  const [row] = await sql<{ ms: number }[]>`
    select greatest(0, extract(epoch from next_attempt_at - now()) * 1000)::float8 as ms
    from webhook_deliveries where id = ${id} and state = 'pending'`;
  return row ? Math.ceil(row.ms) : null;
}

export interface AttemptEnd {
  state: "pending" | "delivered" | "failed";
  status: number | null;
  error: string | null;
  nextAttemptMs: number | null;
}

/** Ends an attempt, if it is still ours. */
export async function endAttempt(sql: Sql, claim: ClaimedDelivery, end: AttemptEnd): Promise<boolean> {
  const rows = await sql`
    update webhook_deliveries set state = ${end.state}, last_status = ${end.status}, last_error = ${end.error},
      next_attempt_at = case when ${end.state} = 'pending'
        then now() + ${`${end.nextAttemptMs ?? 0} milliseconds`}::interval end,
      delivered_at = case when ${end.state} = 'delivered' then now() end
    where id = ${claim.id} and fence = ${claim.fence} and state = 'pending' returning 1`;
  return rows.length === 1;
}

/** Answers whether it was enabled until now. */
export async function disableEndpoint(sql: Sql, id: string, reason: string): Promise<boolean> {
  const rows = await sql`
    update webhook_endpoints set disabled_at = now(), disabled_reason = ${reason}, revision = revision + 1,
      updated_at = now()
    where id = ${id} and disabled_at is null returning 1`;
  return rows.length === 1;
}

/** Due for longer than `staleMs`: the hint was lost, or the attempt crashed. */
export async function staleDeliveries(sql: Sql, staleMs: number, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from webhook_deliveries
    where state = 'pending' and next_attempt_at < now() - ${`${staleMs} milliseconds`}::interval
    order by next_attempt_at limit ${limit}`;
  return rows.map(({ id }) => id);
}

/** Starts over, with all attempts to make, under the same event id. False: there is no such delivery. */
export async function restartDelivery(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql`
    update webhook_deliveries set state = 'pending', attempts = 0, fence = fence + 1, next_attempt_at = now(),
      delivered_at = null, last_error = null
    where id = ${id} returning 1`;
  if (rows.length === 0) return false;
  await hintDeliveries(sql, [id]);
  return true;
}

/** Deletes up to `limit` deliveries that ended, one way or the other, more than `days` ago. Answers how many. */
export async function forgetDeliveries(sql: Sql, days: number, limit: number): Promise<number> {
  const rows = await sql`delete from webhook_deliveries where id in (
      select id from webhook_deliveries
      where state <> 'pending' and created_at < now() - make_interval(days => ${days})
      order by created_at limit ${limit} for update skip locked) returning 1`;
  return rows.length;
}
