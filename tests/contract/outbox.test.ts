import { afterAll, beforeAll, expect, test } from "bun:test";
import { newId } from "#core/id.ts";
import { emit, hint } from "#core/outbox.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { type Queue, queueNames } from "#core/queue/port.ts";
import { reconcile } from "#core/queue/reconciler.ts";
import { type Queues, relayEvents, relayHints } from "#core/queue/relay.ts";
import { runTrigger } from "#core/queue/run-trigger.ts";
import type { Resources } from "#core/resources.ts";
import { announceEvents } from "#core/webhooks/announce-events.ts";
import { claimDelivery, endAttempt } from "#core/webhooks/delivery-store.ts";
import { eventually } from "#tests/support/eventually.ts";
import { type Seed, seedPeople } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";

/** The promises around the queue, each in its smallest form: the mutants of the path from row to work die here. */
let resources: Resources;
let seed: Seed;
let queues: Queues;

beforeAll(async () => {
  resources = await testResources();
  seed = await seedPeople(resources);
  queues = Object.fromEntries(queueNames.map((name) => [name, openQueue(resources.config, name)])) as Queues;
});

afterAll(async () => {
  await Promise.all(Object.values(queues).map((queue) => queue.close()));
  await resources.close();
});

test("a relay whose broker fails keeps its rows", async () => {
  await hint(resources.sql, "previews:build", newId("job"));
  const broken: Queue = {
    ...queues["previews:build"],
    enqueue: () => Promise.reject(new Error("the broker is away")),
  };
  const deps = { ...resources, queues: { ...queues, "previews:build": broken } };
  await expect(relayHints(deps)).rejects.toThrow("the broker is away");
  expect(await resources.sql`select 1 from outbox`).toHaveLength(1);
  expect(await relayHints({ ...resources, queues })).toBe(1);
  expect((await queues["previews:build"].stats()).ready).toBe(1);
});

test("a queue that takes nothing holds up no other", async () => {
  const { sql } = resources;
  const broken: Queue = {
    ...queues["edge:purge"],
    enqueue: () => Promise.reject(new Error("no such queue")),
  };
  const deps = { ...resources, queues: { ...queues, "edge:purge": broken } };
  const before = (await queues["webhooks:deliver"].stats()).ready;
  for (let n = 0; n < 150; n++) await hint(sql, "edge:purge", newId("version"));
  await hint(sql, "webhooks:deliver", newId("version"));
  for (let round = 0; round < 3; round++) await relayHints(deps).catch(() => {});
  expect((await queues["webhooks:deliver"].stats()).ready).toBe(before + 1);
  expect(await sql`select 1 from outbox`).toHaveLength(150);
  await sql`delete from outbox`;
});

test("what the next release wrote waits for its relay", async () => {
  const { sql } = resources;
  await sql`insert into outbox (topic, key, body) values
    ('a:queue-to-come', 'x', '{"v": 1, "id": "x"}'), ('edge:purge', 'y', '{"v": 2, "all": true}')`;
  expect(await relayHints({ ...resources, queues })).toBe(0);
  expect(await sql`select 1 from outbox`).toHaveLength(2);
  await sql`delete from outbox`;
});

test("a job whose worker fails comes again", async () => {
  const queue = openQueue(resources.config, "masters:copy", { leaseMs: 1_000 });
  await queue.enqueue([{ key: "x", body: { v: 1, id: "x" } }]);
  const stop = new AbortController();
  let attempts = 0;
  const running = runTrigger(
    queue,
    async () => {
      attempts += 1;
      if (attempts < 3) throw new Error("not yet");
    },
    { concurrency: 1, signal: stop.signal, log: resources.log, backoffMs: () => 10 },
  );
  await eventually(() => expect(attempts).toBe(3));
  stop.abort();
  await running;
  await queue.close();
});

test("a process that must leave while every place is taken stops its jobs and hands them back", async () => {
  const queue = openQueue(resources.config, "masters:copy");
  await queue.enqueue([{ key: "long", body: { v: 1, id: "long" } }]);
  const stop = new AbortController();
  let begun = 0;
  const running = runTrigger(
    queue,
    ({ signal }) => {
      begun += 1;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
    { concurrency: 1, signal: stop.signal, log: resources.log, drainMs: 100 },
  );
  await eventually(() => expect(begun).toBe(1));
  stop.abort();
  await running;
  expect(await queue.stats()).toMatchObject({ leased: 0, dead: 0 });
  await queue.close();
});

test("of two who hold the same attempt only the later one writes how it ended", async () => {
  const { sql } = resources;
  await sql`insert into webhook_endpoints (id, project_id, url, events, secret, created_by)
    values (${newId("webhook")}, ${seed.projectId}, 'https://example.test/', ${["*"]}, 'sealed', ${seed.people.manager.id})`;
  await emit(sql, { projectId: seed.projectId, type: "comment.created", data: {} });
  await relayEvents({ sql, redis: resources.redis, onEvents: announceEvents });
  const [row] = await sql<{ id: string }[]>`select id from webhook_deliveries`;
  const id = row?.id ?? "";
  const early = await claimDelivery(sql, id);
  await sql`update webhook_deliveries set next_attempt_at = now() - interval '1 second' where id = ${id}`;
  const late = await claimDelivery(sql, id);
  if (!early || !late) throw new Error("the delivery could not be claimed");
  const failed = { state: "failed", status: 500, error: "too late", nextAttemptMs: null } as const;
  const delivered = { state: "delivered", status: 200, error: null, nextAttemptMs: null } as const;
  expect(await endAttempt(sql, early, failed)).toBe(false);
  expect(await endAttempt(sql, late, delivered)).toBe(true);
  expect(await endAttempt(sql, early, failed)).toBe(false);
});

test("a hint that was lost is sent again, and not while the queue is merely behind", async () => {
  const queue = queues["edge:purge"];
  const stale = [{ queue: "edge:purge" as const, find: async () => ["a", "b", "c"] }];
  const deps = { ...resources, queues };
  expect(await reconcile(deps, stale)).toBe(3);
  expect((await queue.stats()).ready).toBe(3);
  expect(await reconcile(deps, stale)).toBe(0);
});
