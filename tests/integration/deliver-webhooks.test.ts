import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { Webhook } from "standardwebhooks";
import { newId } from "#core/id.ts";
import { emit } from "#core/outbox.ts";
import type { Later } from "#core/queue/later.ts";
import { relayEvents } from "#core/queue/relay.ts";
import type { Resources } from "#core/resources.ts";
import { deriveKey } from "#core/signing/derive.ts";
import { seal } from "#core/signing/seal.ts";
import { announceEvents } from "#core/webhooks/announce-events.ts";
import { deliverWebhook } from "#core/webhooks/deliver-webhook.ts";
import { addDeliveries, restartDelivery, staleDeliveries } from "#core/webhooks/delivery-store.ts";
import { openPlaces } from "#core/webhooks/places.ts";
import { newWebhookSecret } from "#core/webhooks/secret.ts";
import { startBackground } from "#functions/background.ts";
import { eventually } from "#tests/support/eventually.ts";
import { type Seed, seedPeople } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let resources: Resources;
let seed: Seed;
let server: Server;
let base: string;
const received: Received[] = [];
/** What the receiver answers, by path. */
const answers = new Map<string, { status: number; headers?: Record<string, string>; hang?: boolean }>();
const reminders: { id: string; delayMs: number }[] = [];
const later: Later = {
  hint: async (_queue, id, delayMs) => {
    reminders.push({ id, delayMs });
  },
  close: async () => {},
};

beforeAll(async () => {
  resources = await testResources({ WEBHOOK_ALLOW_PRIVATE: "true" });
  seed = await seedPeople(resources);
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      received.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      const { status, headers, hang } = answers.get(path) ?? { status: 200 };
      if (!hang) response.writeHead(status, headers).end("thank you");
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await resources.close();
});

interface Made {
  endpointId: string;
  deliveryId: string;
  eventId: string;
  secret: string;
  previous: string;
}

/** An endpoint, one event for it, and the delivery that the relay made of it. */
async function deliverable(
  path: string,
  { url = `${base}${path}`, events = ["comment.created"] } = {},
): Promise<Made> {
  const { sql, config } = resources;
  const [secret, previous] = [newWebhookSecret(), newWebhookSecret()];
  const key = deriveKey(config.APP_SECRET, "webhook-secret");
  const endpointId = newId("webhook");
  await sql`insert into webhook_endpoints
    (id, project_id, url, events, secret, previous_secret, previous_secret_until, created_by)
    values (${endpointId}, ${seed.projectId}, ${url}, ${events}, ${seal(key, secret)}, ${seal(key, previous)},
      now() + interval '1 hour', ${seed.people.manager.id})`;
  const eventId = await emit(sql, {
    projectId: seed.projectId,
    type: "comment.created",
    data: { text: "schön 🎬" },
  });
  await relayEvents({ sql, redis: resources.redis, onEvents: announceEvents });
  const [row] = await sql<{ id: string }[]>`
    select id from webhook_deliveries where endpoint_id = ${endpointId} and event_id = ${eventId}`;
  return { endpointId, deliveryId: row?.id ?? "", eventId, secret, previous };
}

const places = openPlaces();
const deliver = (id: string) => deliverWebhook({ ...resources, later, places }, id);

async function rowOf(id: string) {
  const [row] = await resources.sql<
    {
      state: string;
      attempts: number;
      last_status: number | null;
      last_error: string | null;
      wait: number | null;
    }[]
  >`select state, attempts, last_status, last_error, extract(epoch from next_attempt_at - now())::float8 as wait
    from webhook_deliveries where id = ${id}`;
  if (!row) throw new Error("no such delivery");
  return row;
}

const makeDue = (id: string) =>
  resources.sql`update webhook_deliveries set next_attempt_at = now() - interval '1 second' where id = ${id}`;

describe("delivering webhooks", () => {
  test("a delivery carries the event, signed by both secrets, and is made once", async () => {
    const made = await deliverable("/ok");
    expect(await deliver(made.deliveryId)).toBe("delivered");
    expect(await deliver(made.deliveryId)).toBe("nothing-to-do");
    const got = received.filter(({ path }) => path === "/ok");
    expect(got).toHaveLength(1);
    const { headers, body } = got[0] as Received;
    expect(headers["webhook-id"]).toBe(made.eventId);
    for (const secret of [made.secret, made.previous])
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        type: "comment.created",
        data: { text: "schön 🎬" },
      });
    expect(headers["content-type"]).toBe("application/json");
    expect(await rowOf(made.deliveryId)).toMatchObject({
      state: "delivered",
      attempts: 1,
      last_status: 200,
      wait: null,
    });
  });

  test("an endpoint gets only what its filter names; a disabled one gets nothing", async () => {
    const deaf = await deliverable("/deaf", { events: ["version.ready"] });
    expect(deaf.deliveryId).toBe("");
    const all = await deliverable("/all", { events: ["*"] });
    expect(all.deliveryId).not.toBe("");
    await resources.sql`update webhook_endpoints set disabled_at = now(), disabled_reason = 'x' where id = ${all.endpointId}`;
    expect(await deliver(all.deliveryId)).toBe("failed");
    expect(received.filter(({ path }) => path === "/all")).toHaveLength(0);
  });

  test("a failure is tried again under the same id and body, until the schedule ends", async () => {
    answers.set("/500", { status: 500 });
    const made = await deliverable("/500");
    for (let attempt = 1; attempt <= 10; attempt++) {
      await makeDue(made.deliveryId);
      expect(await deliver(made.deliveryId)).toBe(attempt < 10 ? "retrying" : "failed");
    }
    const got = received.filter(({ path }) => path === "/500");
    expect(got).toHaveLength(10);
    expect(new Set(got.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([made.eventId]));
    expect(new Set(got.map(({ body }) => body)).size).toBe(1);
    expect(await rowOf(made.deliveryId)).toMatchObject({ state: "failed", attempts: 10, last_status: 500 });
    expect(reminders.filter(({ id }) => id === made.deliveryId)).toHaveLength(9);
    expect(await restartDelivery(resources.sql, made.deliveryId)).toBe(true);
    answers.set("/500", { status: 204 });
    expect(await deliver(made.deliveryId)).toBe("delivered");
  });

  test("it waits as long as Retry-After asks, and is not sent before", async () => {
    answers.set("/busy", { status: 503, headers: { "Retry-After": "120" } });
    const made = await deliverable("/busy");
    expect(await deliver(made.deliveryId)).toBe("retrying");
    expect(reminders.at(-1)).toEqual({ id: made.deliveryId, delayMs: 120_000 });
    expect(await deliver(made.deliveryId)).toBe("nothing-to-do");
    expect(reminders.at(-1)?.delayMs).toBeGreaterThan(115_000);
    expect((await rowOf(made.deliveryId)).wait).toBeGreaterThan(115);
    expect(await deliver(made.deliveryId)).toBe("nothing-to-do");
  });

  test("a redirect is a failure and is not followed", async () => {
    answers.set("/moved", { status: 302, headers: { Location: `${base}/elsewhere` } });
    const made = await deliverable("/moved");
    expect(await deliver(made.deliveryId)).toBe("retrying");
    expect(received.filter(({ path }) => path === "/elsewhere")).toHaveLength(0);
    expect((await rowOf(made.deliveryId)).last_error).toContain("redirects are not followed");
  });

  test("410 disables the endpoint, and the audit log says so", async () => {
    answers.set("/gone", { status: 410 });
    const made = await deliverable("/gone");
    expect(await deliver(made.deliveryId)).toBe("failed");
    const [endpoint] = await resources.sql<{ disabled: boolean }[]>`
      select disabled_at is not null as disabled from webhook_endpoints where id = ${made.endpointId}`;
    expect(endpoint?.disabled).toBe(true);
    expect(await resources.sql`select 1 from audit_log where subject = ${made.endpointId}`).toHaveLength(1);
  });

  test("the background makes an attempt by itself, and the next when it is due", async () => {
    answers.set("/by-itself", { status: 500 });
    const background = startBackground(resources);
    try {
      const made = await deliverable("/by-itself");
      const row = (state: object) =>
        eventually(async () => expect(await rowOf(made.deliveryId)).toMatchObject(state));
      await row({ state: "pending", attempts: 1, last_status: 500 });
      answers.set("/by-itself", { status: 200 });
      await row({ state: "delivered", attempts: 2, last_status: 200 });
    } finally {
      await background.stop();
    }
  }, 90_000);

  test("fifty hints at once make one attempt", async () => {
    const made = await deliverable("/once");
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => deliver(made.deliveryId)));
    expect(outcomes.filter((outcome) => outcome === "delivered")).toHaveLength(1);
    expect(received.filter(({ path }) => path === "/once")).toHaveLength(1);
  });

  test("an endpoint that accepts and hangs is given up at the deadline of 15 s", async () => {
    answers.set("/hang", { status: 200, hang: true });
    const made = await deliverable("/hang");
    const from = performance.now();
    expect(await deliver(made.deliveryId)).toBe("retrying");
    expect(performance.now() - from).toBeGreaterThan(14_000);
    expect(performance.now() - from).toBeLessThan(45_000);
  }, 60_000);

  test("an endpoint that hangs gets few attempts at once, one that answers as many as come", async () => {
    const own = { ...resources, later, places: openPlaces(200) };
    answers.set("/slow", { status: 200, hang: true });
    const slow = await deliverable("/slow");
    const quick = await deliverable("/quick");
    const more = ({ endpointId }: Made, count: number) =>
      addDeliveries(
        resources.sql,
        Array.from({ length: count }, () => ({
          endpointId,
          eventId: newId("event"),
          type: "comment.created",
          at: new Date().toISOString(),
          data: {},
        })),
      );
    const leaving = new AbortController();
    const begin = (id: string) => deliverWebhook(own, id, { signal: leaving.signal });
    const asked = (path: string) => received.filter((one) => one.path === path).length;
    const hanging = [slow.deliveryId, ...(await more(slow, 1))].map(begin);
    await eventually(() => expect(own.places.taken()).toEqual([slow.endpointId]));
    const late = await more(slow, 5);
    expect(await Promise.all(late.map(begin))).toEqual(Array(5).fill("nothing-to-do"));
    expect(reminders.filter(({ id, delayMs }) => late.includes(id) && delayMs >= 5_000)).toHaveLength(5);
    const others = [quick.deliveryId, ...(await more(quick, 5))];
    expect(await Promise.all(others.map(begin))).toEqual(Array(6).fill("delivered"));
    expect([asked("/slow"), asked("/quick")]).toEqual([2, 6]);
    leaving.abort();
    await Promise.all(hanging);
    answers.set("/slow", { status: 200 });
    expect(await Promise.all(late.map((id) => deliverWebhook(own, id)))).toEqual(Array(5).fill("delivered"));
  }, 60_000);

  test("an attempt that our own leaving cut off is made again at once, even the last one", async () => {
    answers.set("/leaving", { status: 200, hang: true });
    const made = await deliverable("/leaving");
    await resources.sql`update webhook_deliveries set attempts = 9 where id = ${made.deliveryId}`;
    const leaving = new AbortController();
    const attempt = deliverWebhook({ ...resources, later, places }, made.deliveryId, {
      signal: leaving.signal,
    });
    await eventually(() => expect(received.some(({ path }) => path === "/leaving")).toBe(true));
    leaving.abort();
    expect(await attempt).toBe("retrying");
    answers.set("/leaving", { status: 200 });
    expect(await deliver(made.deliveryId)).toBe("delivered");
  });

  test.each([
    ["closes at once", ""],
    ["does not speak HTTP", "220 smtp.example.test ESMTP\r\n\r\n"],
    ["sends endless headers", `HTTP/1.1 200 OK\r\n${"X-Pad: aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1_000)}`],
  ])("an endpoint that %s is a failure", async (_what, text) => {
    const odd = createTcp((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => (text ? socket.write(text) : socket.destroy()));
    });
    await new Promise<void>((done) => odd.listen(0, "127.0.0.1", done));
    const made = await deliverable("/", { url: `http://127.0.0.1:${(odd.address() as AddressInfo).port}/` });
    expect(await deliver(made.deliveryId)).toBe("retrying");
    expect((await rowOf(made.deliveryId)).last_status).toBeNull();
    odd.close();
  });

  test("where private addresses are not allowed, nothing is sent to one", async () => {
    const made = await deliverable("/private");
    const strict = {
      ...resources,
      later,
      places,
      config: { ...resources.config, WEBHOOK_ALLOW_PRIVATE: false },
    };
    expect(await deliverWebhook(strict, made.deliveryId)).toBe("retrying");
    expect(received.filter(({ path }) => path === "/private")).toHaveLength(0);
  });

  test("an attempt that crashed is found by the reconciler and made again", async () => {
    const made = await deliverable("/crashed");
    await resources.sql`update webhook_deliveries set attempts = 1, fence = 1,
      next_attempt_at = now() - interval '5 minutes' where id = ${made.deliveryId}`;
    expect(await staleDeliveries(resources.sql, 120_000, 100)).toContain(made.deliveryId);
    expect(await deliver(made.deliveryId)).toBe("delivered");
  });
});
