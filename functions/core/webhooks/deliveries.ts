import { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { inTransaction } from "../db/db.ts";
import { newId } from "../id.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { addDeliveries, restartDelivery } from "./delivery-store.ts";
import { deliveryOf, findDeliveries, findDelivery } from "./endpoint-store.ts";
import { needEndpoint } from "./endpoints.ts";
import type { deliveryQuery, WebhookDelivery } from "./webhook.ts";

type Deps = Pick<Resources, "sql">;

export async function listDeliveries(
  { sql }: Deps,
  actor: Actor,
  endpointId: string,
  { limit, cursor, state }: z.output<typeof deliveryQuery>,
): Promise<{ items: WebhookDelivery[]; nextCursor: string | null }> {
  await needEndpoint(sql, actor, endpointId);
  const after = placeOf(cursor, [timePlace, z.string()]);
  const rows = await findDeliveries(sql, endpointId, { limit, state, after });
  return pageOf(rows, limit, deliveryOf, (row) => [row.createdAt.toISOString(), row.id]);
}

/** Sends an event of type `webhook.test` to one endpoint, whatever its filter says. */
export async function testEndpoint({ sql }: Deps, actor: Actor, endpointId: string): Promise<string> {
  const endpoint = await needEndpoint(sql, actor, endpointId);
  if (endpoint.disabledAt) refuse("illegal-state", "The webhook is disabled. Enable it first.");
  return inTransaction(sql, async (tx) => {
    const [deliveryId] = await addDeliveries(tx, [
      {
        endpointId,
        eventId: newId("event"),
        type: "webhook.test",
        at: new Date().toISOString(),
        data: { webhookId: endpointId, projectId: endpoint.projectId, askedBy: actor.name },
      },
    ]);
    await audit(tx, actor, { projectId: endpoint.projectId, action: "webhook.tested", subject: endpointId });
    return deliveryId!;
  });
}

/** Sends a delivery again under its own event id, with all attempts to make. */
export async function redeliver({ sql }: Deps, actor: Actor, deliveryId: string): Promise<void> {
  const row = (await findDelivery(sql, deliveryId)) ?? notFound("delivery");
  await need(sql, actor, row.projectId, "manage", "delivery");
  const endpoint = await needEndpoint(sql, actor, row.webhookId);
  if (endpoint.disabledAt) refuse("illegal-state", "The webhook is disabled. Enable it first.");
  await inTransaction(sql, async (tx) => {
    if (!(await restartDelivery(tx, deliveryId))) notFound("delivery");
    await audit(tx, actor, {
      projectId: row.projectId,
      action: "webhook.redelivered",
      subject: row.webhookId,
      detail: { deliveryId, eventId: row.eventId },
    });
  });
}
