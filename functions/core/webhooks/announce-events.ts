import type { Sql } from "../db/db.ts";
import type { OutboxEvent } from "../events/log.ts";
import { addDeliveries, endpointsFor } from "./delivery-store.ts";

/** One delivery for each endpoint that wants the event. Runs in the transaction that stores the events. */
export async function announceEvents(sql: Sql, events: OutboxEvent[]): Promise<void> {
  const endpoints = await endpointsFor(sql, [...new Set(events.map(({ projectId }) => projectId))]);
  if (endpoints.length === 0) return;
  const wanted = events.flatMap((event) =>
    endpoints
      .filter(({ projectId, events: filter }) => projectId === event.projectId && wants(filter, event.type))
      .map((endpoint) => ({
        endpointId: endpoint.id,
        eventId: event.id,
        type: event.type,
        at: event.at,
        data: event.data,
      })),
  );
  await addDeliveries(sql, wanted);
}

function wants(filter: string[], type: string): boolean {
  return filter.includes("*") || filter.includes(type);
}
