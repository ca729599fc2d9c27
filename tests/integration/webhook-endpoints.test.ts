import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newId } from "#core/id.ts";
import { emit } from "#core/outbox.ts";
import { relayEvents } from "#core/queue/relay.ts";
import type { Resources } from "#core/resources.ts";
import { deriveKey } from "#core/signing/derive.ts";
import { unseal } from "#core/signing/seal.ts";
import { announceEvents } from "#core/webhooks/announce-events.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";

let resources: Resources;
let api: Api;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
});
afterAll(() => resources.close());

const add = async (input: object = {}) =>
  (
    await api
      .as("manager")
      .post("/webhooks", { projectId: api.seed.projectId, url: "https://hooks.example.test/a", ...input })
  ).body;
const relay = () =>
  relayEvents({ sql: resources.sql, redis: resources.redis, onEvents: announceEvents } as Parameters<
    typeof relayEvents
  >[0]);

describe("webhooks", () => {
  test("show their secret once and keep it sealed", async () => {
    const made = await add({ events: ["comment.created"], description: "CI" });
    expect(Buffer.from(made.secret.slice("whsec_".length), "base64")).toHaveLength(32);
    const { secret, ...shown } = made;
    const read = await api.as("manager").get(`/webhooks/${made.id}`);
    expect(read.body).toEqual(shown);
    const [row] = await resources.sql`select secret from webhook_endpoints where id = ${made.id}`;
    expect(row?.secret).not.toContain(secret);
    expect(unseal(deriveKey(resources.config.APP_SECRET, "webhook-secret"), row?.secret)).toBe(secret);
  });

  test("are the managers' alone", async () => {
    const { id } = await add();
    const path = `/webhooks?projectId=${api.seed.projectId}`;
    expect((await api.as("manager").get(path)).body.items.map((one: { id: string }) => one.id)).toContain(id);
    expect((await api.as("editor").get(path)).status).toBe(403);
    expect((await api.as("outsider").get(path)).status).toBe(404);
    expect((await api.as("editor").get(`/webhooks/${id}`)).status).toBe(403);
    for (const [method, path] of [
      ["GET", `/webhooks/${id}`],
      ["PATCH", `/webhooks/${id}`],
      ["DELETE", `/webhooks/${id}`],
      ["POST", `/webhooks/${id}/rotate`],
      ["POST", `/webhooks/${id}/test`],
      ["GET", `/webhooks/${id}/deliveries`],
    ] as const)
      expect(
        (await api.as("outsider").send(method, path, method === "GET" ? undefined : {}, { "if-match": "*" }))
          .status,
      ).toBe(404);
  });

  test("are refused where an address leads inside, unless that is configured", async () => {
    const strict = await testResources({ WEBHOOK_ALLOW_PRIVATE: "false" });
    try {
      const other = await openApi(strict);
      for (const url of [
        "http://example.test/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://u:p@example.test/",
      ]) {
        const { status, body } = await other
          .as("manager")
          .post("/webhooks", { projectId: other.seed.projectId, url });
        expect([url, status, body.errors?.[0].pointer]).toEqual([url, 400, "/url"]);
      }
    } finally {
      await strict.close();
    }
    for (const url of ["ftp://example.test/", "nonsense"]) {
      const { status } = await api.as("manager").post("/webhooks", { projectId: api.seed.projectId, url });
      expect(status).toBe(400);
    }
    const unknown = await api
      .as("manager")
      .post("/webhooks", { projectId: api.seed.projectId, url: "https://a.test/", events: ["no.such"] });
    expect([unknown.status, unknown.body.errors[0].pointer]).toEqual([400, "/events/0"]);
  });

  test("change on the state that was seen, and are enabled again", async () => {
    const { id } = await add();
    const etag = (await api.as("manager").get(`/webhooks/${id}`)).headers.get("etag") ?? "";
    const off = await api.as("manager").patch(`/webhooks/${id}`, { enabled: false }, etag);
    expect(off.body).toMatchObject({ enabled: false, disabledReason: "Disabled by manager." });
    expect((await api.as("manager").patch(`/webhooks/${id}`, { enabled: true }, etag)).status).toBe(412);
    expect((await api.as("manager").post(`/webhooks/${id}/test`)).status).toBe(409);
    const on = await api.as("manager").patch(`/webhooks/${id}`, { enabled: true, events: ["*"] });
    expect(on.body).toMatchObject({ enabled: true, disabledReason: null, events: ["*"] });
    expect((await api.as("manager").del(`/webhooks/${id}`)).status).toBe(204);
    expect((await api.as("manager").get(`/webhooks/${id}`)).status).toBe(404);
  });

  test("keep the old secret beside the new one for the overlap", async () => {
    const made = await add();
    const rotated = await api.as("manager").post(`/webhooks/${made.id}/rotate`, { overlapSeconds: 60 });
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(made.secret);
    expect(Date.parse(rotated.body.previousSecretUntil)).toBeGreaterThan(Date.now() + 50_000);
    const [row] = await resources.sql`select previous_secret from webhook_endpoints where id = ${made.id}`;
    expect(unseal(deriveKey(resources.config.APP_SECRET, "webhook-secret"), row?.previous_secret)).toBe(
      made.secret,
    );
    const leaked = await api.as("manager").post(`/webhooks/${made.id}/rotate`, { overlapSeconds: 0 });
    expect(leaked.body.previousSecretUntil).toBeNull();
  });

  test("list what was sent, and send it again", async () => {
    const { id } = await add();
    const sent = await api.as("manager").post(`/webhooks/${id}/test`);
    expect(sent.status).toBe(202);
    const list = await api.as("manager").get(`/webhooks/${id}/deliveries`);
    expect(list.body.items).toEqual([
      expect.objectContaining({
        id: sent.body.deliveryId,
        type: "webhook.test",
        state: "pending",
        attempts: 0,
      }),
    ]);
    await resources.sql`update webhook_deliveries set state = 'failed', attempts = 9, last_error = 'x', next_attempt_at = null`;
    const again = await api.as("manager").post(`/webhooks/deliveries/${sent.body.deliveryId}/redeliver`);
    expect(again.status).toBe(202);
    const [item] = (await api.as("manager").get(`/webhooks/${id}/deliveries?state=pending`)).body.items;
    expect(item).toMatchObject({ id: sent.body.deliveryId, attempts: 0, lastError: null });
    expect(
      (await api.as("outsider").post(`/webhooks/deliveries/${sent.body.deliveryId}/redeliver`)).status,
    ).toBe(404);
    expect((await api.as("manager").post(`/webhooks/deliveries/${newId("delivery")}/redeliver`)).status).toBe(
      404,
    );
  });
});

describe("the event log", () => {
  test("is read in order from any point", async () => {
    const projectId = (await api.as("manager").post("/projects", { name: "Log" })).body.id as string;
    for (let i = 0; i < 5; i++)
      await emit(resources.sql, { projectId, type: "comment.created", data: { n: i } });
    await relay();
    const first = await api.as("manager").get(`/events/log?projectId=${projectId}&limit=3`);
    expect(first.body.items.map((one: { data: { n: number } }) => one.data.n)).toEqual([0, 1, 2]);
    const second = await api
      .as("manager")
      .get(`/events/log?projectId=${projectId}&after=${first.body.nextCursor}`);
    expect(second.body.items.map((one: { data: { n: number } }) => one.data.n)).toEqual([3, 4]);
    expect(second.body.nextCursor).toBeNull();
    const end = await api
      .as("manager")
      .get(`/events/log?projectId=${projectId}&after=${second.body.lastSeq}`);
    expect(end.body).toEqual({ items: [], nextCursor: null, lastSeq: second.body.lastSeq });
    expect((await api.as("outsider").get(`/events/log?projectId=${projectId}`)).status).toBe(404);
    expect((await api.as("manager").get(`/events/log?projectId=${projectId}&after=-1`)).status).toBe(400);
  });
});
