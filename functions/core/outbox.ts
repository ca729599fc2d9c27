import { json, type Sql } from "./db/db.ts";
import { newId } from "./id.ts";
import { hintOf } from "./queue/hint.ts";
import type { QueueName } from "./queue/port.ts";
import { currentRequest, noteOutbox } from "./telemetry/request.ts";

export type { QueueName } from "./queue/port.ts";

/** What webhooks and event streams carry; the names are part of the public contract. */
export const eventTypes = [
  "upload.received",
  "upload.refused",
  "version.promoted",
  "version.playable",
  "version.ready",
  "version.failed",
  "version.deleted",
  "comment.created",
  "comment.updated",
  "comment.deleted",
  "comment.resolved",
  "approval.given",
  "review.requested",
  "share.opened",
  "hold.placed",
  "hold.released",
  "master.mismatch",
  "asset.updated",
  "asset.deleted",
] as const;
export type EventType = (typeof eventTypes)[number];

export interface NewEvent {
  projectId: string;
  type: EventType;
  data: Record<string, unknown>;
}

const bodyOf = ({ projectId, type, data }: NewEvent) => ({
  id: newId("event"),
  projectId,
  type,
  data,
  at: new Date().toISOString(),
});

/** Records an event in the transaction of the change it announces. Resolves to the event id. */
export async function emit(sql: Sql, event: NewEvent): Promise<string> {
  const body = bodyOf(event);
  await sql`insert into outbox (topic, key, body) values ('event', ${body.id}, ${json(sql, body)})`;
  noteOutbox();
  return body.id;
}

/** Many at once, in one statement and in this order. */
export async function emitAll(sql: Sql, events: readonly NewEvent[]): Promise<void> {
  await sql`insert into outbox (topic, key, body)
    select 'event', e ->> 'id', e from jsonb_array_elements(${json(sql, events.map(bodyOf))}::jsonb) with ordinality as t(e, n)
    order by n`;
  noteOutbox();
}

/** Asks a queue, after commit, to look at the row `id`. A hint only: losing or repeating it changes nothing but latency. */
export async function hint(sql: Sql, queue: QueueName, id: string, traceparent?: string): Promise<void> {
  const body = hintOf(id, traceparent ?? currentRequest()?.traceparent);
  await sql`insert into outbox (topic, key, body) values (${queue}, ${id}, ${json(sql, body)})`;
  noteOutbox();
}
