import { json, type Sql } from "./db/db.ts";
import { newId } from "./id.ts";
import { hintOf } from "./queue/hint.ts";
import type { QueueName } from "./queue/port.ts";
import { currentRequest } from "./telemetry/request.ts";

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

/** Records an event in the transaction of the change it announces. Resolves to the event id. */
export async function emit(
  sql: Sql,
  event: { projectId: string; type: EventType; data: Record<string, unknown> },
): Promise<string> {
  const id = newId("event");
  const body = {
    id,
    projectId: event.projectId,
    type: event.type,
    data: event.data,
    at: new Date().toISOString(),
  };
  await sql`insert into outbox (topic, key, body) values ('event', ${id}, ${json(sql, body)})`;
  return id;
}

/** Asks a queue, after commit, to look at the row `id`. A hint only: losing or repeating it changes nothing but latency. */
export async function hint(sql: Sql, queue: QueueName, id: string, traceparent?: string): Promise<void> {
  const body = hintOf(id, traceparent ?? currentRequest()?.traceparent);
  await sql`insert into outbox (topic, key, body) values (${queue}, ${id}, ${json(sql, body)})`;
}
