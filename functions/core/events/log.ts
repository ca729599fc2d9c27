import { z } from "zod";
import { json, type Sql } from "../db/db.ts";

/** What `emit` writes to the outbox. */
export const outboxEventSchema = z.object({
  id: z.string(),
  projectId: z.string(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  at: z.string(),
});
export type OutboxEvent = z.infer<typeof outboxEventSchema>;

/** A stored event. `seq` is without gaps and in commit order: a reader that saw n has missed nothing before it. */
export interface LoggedEvent {
  seq: number;
  id: string;
  projectId: string;
  type: string;
  data: Record<string, unknown>;
  at: string;
}

const rowSchema = z.object({
  seq: z.number(),
  id: z.string(),
  project_id: z.string(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  at: z.date(),
});

/** Only the relay calls this, inside its transaction and under its lock: nobody else may number events. */
export async function appendEvents(sql: Sql, events: OutboxEvent[]): Promise<LoggedEvent[]> {
  // An older release numbers by the log alone while it is replaced.
  const [row] = await sql<{ last: number }[]>`
    update event_numbers set last = greatest(last, (select max(seq) from event_log)) + ${events.length}
    returning last`;
  if (!row) throw new Error("the row that numbers events is missing");
  const from = row.last - events.length;
  const numbered = events.map((event, index) => ({ seq: from + index + 1, ...event }));
  await sql`insert into event_log (seq, id, project_id, type, data, at)
    select (e->>'seq')::bigint, e->>'id', e->>'projectId', e->>'type', e->'data', (e->>'at')::timestamptz
    from jsonb_array_elements(${json(sql, numbered)}::jsonb) as e`;
  return numbered;
}

/** Forgets the oldest events, at most `limit`, if they are older than `days`. Answers how many. */
export async function forgetEvents(sql: Sql, days: number, limit: number): Promise<number> {
  const [row] = await sql<{ gone: number }[]>`
    with oldest as (select seq, at from event_log order by seq limit ${limit}),
      gone as (delete from event_log where seq in (
        select seq from oldest where at < now() - make_interval(days => ${days})) returning seq),
      noted as (update event_numbers set last = greatest(last, newest), trimmed = greatest(trimmed, newest)
        from (select max(seq) as newest from gone) as g where newest is not null)
    select count(*)::int as gone from gone`;
  return row?.gone ?? 0;
}

/** The newest number given out, and up to which one events may be gone. */
export async function eventNumbers(sql: Sql): Promise<{ last: number; trimmed: number }> {
  const [row] = await sql<{ last: number; trimmed: number }[]>`
    select greatest(last, (select max(seq) from event_log)) as last, trimmed from event_numbers`;
  if (!row) throw new Error("the row that numbers events is missing");
  return row;
}

/** Events of one project after `after` (0 for all), oldest first, at most `limit` (default 100). */
export async function readEvents(
  sql: Sql,
  { projectId, after, limit = 100 }: { projectId: string; after: number; limit?: number },
): Promise<LoggedEvent[]> {
  const rows = rowSchema.array().parse(
    await sql`select seq, id, project_id, type, data, at from event_log
      where project_id = ${projectId} and seq > ${after} order by seq limit ${limit}`,
  );
  return rows.map((row) => ({
    seq: row.seq,
    id: row.id,
    projectId: row.project_id,
    type: row.type,
    data: row.data,
    at: row.at.toISOString(),
  }));
}

/** The newest number of a project before a time; 0 when there is none. */
export async function lastBefore(sql: Sql, projectId: string, time: string): Promise<number> {
  const [row] = await sql<{ seq: number }[]>`
    select seq from event_log where project_id = ${projectId} and at < ${time} order by seq desc limit 1`;
  return row?.seq ?? 0;
}
