import { logQuery } from "#core/events/event.ts";
import { readLog } from "#core/events/read-log.ts";
import type { Resources } from "#core/resources.ts";
import { id } from "#core/shape.ts";
import { listDeliveries, redeliver, testEndpoint } from "#core/webhooks/deliveries.ts";
import {
  changeEndpoint,
  createEndpoint,
  listEndpoints,
  readEndpoint,
  removeEndpoint,
  rotateEndpoint,
} from "#core/webhooks/endpoints.ts";
import {
  createWebhookInput,
  deliveryQuery,
  rotateInput,
  updateWebhookInput,
  webhookQuery,
} from "#core/webhooks/webhook.ts";
import { createApp, type RushesApp, type RushesContext } from "#http/app.ts";
import { answer, changed, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";

const webhookIdOf = (c: RushesContext) => parseParam(c, "webhookId", id("webhook"));

/** Where a project's events are sent, and the log of all of them. */
export function webhooksApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.get("/webhooks", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listEndpoints(deps, actor, parseQuery(c, webhookQuery)));
  });

  app.post("/webhooks", async (c) => {
    const actor = await c.get("actors").need();
    const { webhook, revision } = await createEndpoint(deps, actor, await parseBody(c, createWebhookInput));
    c.header("Location", `${deps.config.PUBLIC_API_BASE}/webhooks/${webhook.id}`);
    return changed(c, webhook, revision, 201);
  });

  app.get("/webhooks/:webhookId", async (c) => {
    const actor = await c.get("actors").need();
    const { webhook, revision } = await readEndpoint(deps, actor, webhookIdOf(c));
    return answer(c, webhook, revision);
  });

  app.patch("/webhooks/:webhookId", async (c) => {
    const actor = await c.get("actors").need();
    const webhookId = webhookIdOf(c);
    const input = await parseBody(c, updateWebhookInput);
    const { webhook, revision } = await changeEndpoint(deps, actor, webhookId, input, expectedRevision(c));
    return changed(c, webhook, revision);
  });

  app.delete("/webhooks/:webhookId", async (c) => {
    const actor = await c.get("actors").need();
    await removeEndpoint(deps, actor, webhookIdOf(c), expectedRevision(c));
    return c.body(null, 204);
  });

  app.post("/webhooks/:webhookId/rotate", async (c) => {
    const actor = await c.get("actors").need();
    const webhookId = webhookIdOf(c);
    const input = await parseBody(c, rotateInput);
    const { webhook, revision } = await rotateEndpoint(deps, actor, webhookId, input);
    return changed(c, webhook, revision);
  });

  app.post("/webhooks/:webhookId/test", async (c) => {
    const actor = await c.get("actors").need();
    return c.json({ deliveryId: await testEndpoint(deps, actor, webhookIdOf(c)) }, 202);
  });

  app.get("/webhooks/:webhookId/deliveries", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listDeliveries(deps, actor, webhookIdOf(c), parseQuery(c, deliveryQuery)));
  });

  app.post("/webhooks/deliveries/:deliveryId/redeliver", async (c) => {
    const actor = await c.get("actors").need();
    const deliveryId = parseParam(c, "deliveryId", id("delivery"));
    await redeliver(deps, actor, deliveryId);
    return c.json({ deliveryId }, 202);
  });

  app.get("/events/log", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await readLog(deps, actor, parseQuery(c, logQuery)));
  });

  return app;
}
