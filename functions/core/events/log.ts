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
  const [last] = await sql<{ seq: number }[]>`select coalesce(max(seq), 0)::bigint as seq from event_log`;
  const numbered = events.map((event, index) => ({ seq: (last?.seq ?? 0) + index + 1, ...event }));
  await sql`insert into event_log (seq, id, project_id, type, data, at)
    select (e->>'seq')::bigint, e->>'id', e->>'projectId', e->>'type', e->'data', (e->>'at')::timestamptz
    from jsonb_array_elements(${json(sql, numbered)}::jsonb) as e`;
  return numbered;
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

/** The newest number of a project: where a listener without a `Last-Event-ID` starts. 0 when nothing happened yet. */
export async function lastSeq(sql: Sql, projectId: string): Promise<number> {
  const [row] = await sql<{ seq: number }[]>`
    select coalesce(max(seq), 0)::bigint as seq from event_log where project_id = ${projectId}`;
  return row?.seq ?? 0;
}
