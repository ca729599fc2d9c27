import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openLive } from "#core/events/live.ts";
import { eventNumbers, readEvents } from "#core/events/log.ts";
import { newId } from "#core/id.ts";
import { emit, hint } from "#core/outbox.ts";
import { nudgeRelay } from "#core/queue/nudge.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { queueNames } from "#core/queue/port.ts";
import { type Queues, runRelay } from "#core/queue/relay.ts";
import type { Resources } from "#core/resources.ts";
import { eventually } from "#tests/support/eventually.ts";
import { type Seed, seedPeople } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";

let resources: Resources;
let seed: Seed;
let queues: Queues;
const stop = new AbortController();
const relays: Promise<void>[] = [];

beforeAll(async () => {
  resources = await testResources();
  seed = await seedPeople(resources);
  queues = Object.fromEntries(queueNames.map((name) => [name, openQueue(resources.config, name)])) as Queues;
  for (let i = 0; i < 3; i++) relays.push(runRelay({ ...resources, queues }, stop.signal));
});

afterAll(async () => {
  stop.abort();
  await Promise.all(relays);
  await Promise.all(Object.values(queues).map((queue) => queue.close()));
  await resources.close();
});

describe("the relay", () => {
  test("three relays move 600 hints of concurrent transactions, each once", async () => {
    const ids = Array.from({ length: 600 }, () => newId("job"));
    await Promise.all(
      Array.from({ length: 20 }, (_, part) =>
        resources.sql.begin(async (tx) => {
          for (const id of ids.slice(part * 30, part * 30 + 30)) await hint(tx, "previews:build", id);
        }),
      ),
    );
    await eventually(async () => {
      expect((await queues["previews:build"].stats()).ready).toBe(600);
      expect(await resources.sql`select 1 from outbox`).toHaveLength(0);
    });
    const seen: string[] = [];
    while (seen.length < 600)
      for (const delivery of await queues["previews:build"].receive({ max: 100, waitMs: 1_000 })) {
        seen.push(delivery.body.id);
        await delivery.ack();
      }
    expect(seen.sort()).toEqual([...ids].sort());
  });

  test("a rolled back transaction announces nothing", async () => {
    const work = resources.sql.begin(async (tx) => {
      await emit(tx, { projectId: seed.projectId, type: "comment.created", data: { text: "gone" } });
      throw new Error("changed my mind");
    });
    expect(work).rejects.toThrow("changed my mind");
    await work.catch(() => {});
    const events = await readEvents(resources.sql, { projectId: seed.projectId, after: 0 });
    expect(events.filter(({ data }) => data.text === "gone")).toHaveLength(0);
  });

  test("events are numbered without gaps, in the order of the outbox, and reach who listens", async () => {
    const live = openLive(resources.config.REDIS_URL);
    const heard: number[] = [];
    const leave = await live.subscribe(seed.projectId, (event) => heard.push(event.seq ?? 0));
    const { last: before } = await eventNumbers(resources.sql);
    const [top] = await resources.sql<
      { seq: number }[]
    >`select coalesce(max(seq), 0)::bigint as seq from event_log`;
    await Promise.all(
      Array.from({ length: 120 }, (_, n) =>
        emit(resources.sql, { projectId: seed.projectId, type: "comment.created", data: { n } }),
      ),
    );
    nudgeRelay(resources.redis);
    const events = await eventually(async () => {
      const found = await readEvents(resources.sql, { projectId: seed.projectId, after: before, limit: 200 });
      expect(found).toHaveLength(120);
      return found;
    });
    expect(events.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 120 }, (_, i) => (top?.seq ?? 0) + i + 1),
    );
    expect(new Set(events.map(({ data }) => data.n)).size).toBe(120);
    await eventually(() => expect(heard).toEqual(events.map(({ seq }) => seq)));
    leave();
    await live.close();
  });

  test("a nudge spares the poll interval: from commit to the worker in well under 100 ms", async () => {
    const times: number[] = [];
    for (let i = 0; i < 40; i++) {
      const waiting = queues["masters:copy"].receive({ max: 1, waitMs: 5_000 });
      await hint(resources.sql, "masters:copy", newId("version"));
      const from = performance.now();
      nudgeRelay(resources.redis);
      const [delivery] = await waiting;
      times.push(performance.now() - from);
      await delivery?.ack();
    }
    times.sort((a, b) => a - b);
    expect(times[20]).toBeLessThan(60);
  });

  test("a listener is told of the gap when its connection broke", async () => {
    const live = openLive(resources.config.REDIS_URL);
    let gaps = 0;
    const heard: string[] = [];
    await live.subscribe(seed.projectId, { onEvent: ({ type }) => heard.push(type), onGap: () => gaps++ });
    const list = String(await resources.redis.call("CLIENT", "LIST", "TYPE", "pubsub"));
    const database = new URL(resources.config.REDIS_URL).pathname.slice(1);
    const ids = list
      .split("\n")
      .filter((line) => line.includes(` db=${database} `))
      .map((line) => Number(line.split(" ")[0]?.slice(3)));
    for (const id of ids) await resources.redis.client("KILL", "ID", id);
    await eventually(() => expect(gaps).toBeGreaterThanOrEqual(1));
    await emit(resources.sql, { projectId: seed.projectId, type: "comment.resolved", data: {} });
    await eventually(() => expect(heard).toContain("comment.resolved"));
    await live.close();
  });
});
