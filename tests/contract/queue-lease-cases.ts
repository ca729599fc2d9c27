import { expect } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { drain, lapse, message, messages, next, type QueueCase } from "./queue-case.ts";

/** Delivery, leases, delays: what a queue promises while everybody behaves, and when somebody is late. */
export const leaseCases: QueueCase[] = [
  {
    id: "C1",
    title: "a message makes the round trip unchanged",
    async run(broker) {
      const queue = broker.open();
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      await queue.enqueue([{ key: "ключ 🎬", body: { v: 1, id: "ver_1", traceparent } }]);
      const delivery = await next(queue);
      expect(delivery.key).toBe("ключ 🎬");
      expect(delivery.body).toEqual({ v: 1, id: "ver_1", traceparent });
      expect(delivery.attempt).toBe(1);
      expect(delivery.maxLeaseUntil).toBeGreaterThan(Date.now() + queue.leaseMs);
      expect(await delivery.ack()).toBe("ok");
      expect(await queue.stats()).toEqual({ ready: 0, delayed: 0, leased: 0, dead: 0 });
    },
  },
  {
    id: "C2",
    title: "a message sent before there is any consumer arrives",
    async run(broker) {
      const producer = broker.open();
      await producer.enqueue([message("early")]);
      await producer.close();
      expect((await next(broker.open())).body.id).toBe("early");
    },
  },
  {
    id: "C3",
    title: "nobody else gets a message while its lease is alive",
    async run(broker, adapter) {
      const [left, right] = [broker.open({ leaseMs: 5_000 }), broker.open({ leaseMs: 5_000 })];
      await left.enqueue(messages(40));
      const got = await Promise.all([
        drain(left, adapter.leaseMs * 2, 3),
        drain(right, adapter.leaseMs * 2, 3),
        drain(right, adapter.leaseMs * 2, 3),
      ]);
      const ids = got.flat().map((delivery) => delivery.body.id);
      expect(ids).toHaveLength(40);
      expect(new Set(ids).size).toBe(40);
    },
  },
  {
    id: "C4",
    title: "a lapsed lease is delivered again with one more attempt",
    async run(broker) {
      const [left, right] = [broker.open(), broker.open()];
      await left.enqueue([message("a")]);
      const from = performance.now();
      expect((await next(left)).attempt).toBe(1);
      const again = await next(right);
      expect(performance.now() - from).toBeGreaterThanOrEqual(left.leaseMs - 20);
      expect(again.body.id).toBe("a");
      expect(again.attempt).toBe(2);
    },
  },
  {
    id: "C5",
    title: "a heartbeat keeps a job across several leases",
    async run(broker, adapter) {
      const [owner, other] = [broker.open(), broker.open()];
      await owner.enqueue([message("long")]);
      const delivery = await next(owner);
      const stolen = drain(other, adapter.leaseMs * 3.5);
      for (let beat = 0; beat < 10; beat++) {
        await pause(adapter.leaseMs / 3);
        expect(await delivery.extend()).toBe("ok");
      }
      expect(await stolen).toHaveLength(0);
      expect(await delivery.ack()).toBe("ok");
    },
  },
  {
    id: "C6",
    title: "a heartbeat does not count as an attempt",
    async run(broker) {
      const queue = broker.open({ maxAttempts: 3 });
      await queue.enqueue([message("a")]);
      const delivery = await next(queue);
      for (let beat = 0; beat < 5; beat++) expect(await delivery.extend()).toBe("ok");
      expect((await next(queue)).attempt).toBe(2);
    },
  },
  {
    id: "C7",
    title: "an ack after the lease was lost removes nothing",
    async run(broker, adapter) {
      const [late, owner] = [broker.open(), broker.open()];
      await late.enqueue([message("a")]);
      const stale = await next(late);
      await lapse(adapter);
      const held = await next(owner);
      expect(await stale.ack()).toBe("lost");
      expect(await held.extend()).toBe("ok");
      expect(await held.retry({ delayMs: 0, reason: "again" })).toBe("ok");
      expect((await next(owner)).attempt).toBe(3);
    },
  },
  {
    id: "C8",
    title: "an extension after the lease was lost steals nothing",
    async run(broker, adapter) {
      const [late, owner, third] = [broker.open(), broker.open(), broker.open()];
      await late.enqueue([message("a")]);
      const stale = await next(late);
      await lapse(adapter);
      const held = await next(owner);
      expect(await stale.extend()).toBe("lost");
      expect(await held.extend()).toBe("ok");
      await pause(adapter.leaseMs / 2);
      expect(await stale.extend()).toBe("lost");
      const from = performance.now();
      expect((await next(third)).attempt).toBe(3);
      expect(performance.now() - from).toBeLessThan(adapter.leaseMs / 2 + adapter.slackMs);
    },
  },
  {
    id: "C9",
    title: "a retry after the lease was lost does nothing",
    async run(broker, adapter) {
      const [late, owner] = [broker.open(), broker.open()];
      await late.enqueue([message("a")]);
      const stale = await next(late);
      await lapse(adapter);
      const held = await next(owner);
      expect(await stale.retry({ delayMs: 0, reason: "too late" })).toBe("lost");
      expect(await stale.retry({ delayMs: 0, reason: "too late", uncounted: true })).toBe("lost");
      const stolen = late.receive({ max: 5, waitMs: adapter.leaseMs });
      for (let beat = 0; beat < 4; beat++) {
        await pause(adapter.leaseMs / 3);
        expect(await held.extend()).toBe("ok");
      }
      expect(await stolen).toHaveLength(0);
      expect(await held.ack()).toBe("ok");
      expect(await drain(late, adapter.leaseMs)).toHaveLength(0);
      expect(await owner.stats()).toEqual({ ready: 0, delayed: 0, leased: 0, dead: 0 });
    },
  },
  {
    id: "C10",
    title: "a retry does not come early, and counts",
    async run(broker, adapter) {
      const queue = broker.open();
      await queue.enqueue([message("a")]);
      const from = performance.now();
      expect(await (await next(queue)).retry({ delayMs: adapter.delayMs, reason: "not yet" })).toBe("ok");
      const again = await next(queue);
      expect(performance.now() - from).toBeGreaterThanOrEqual(adapter.delayMs - 2);
      expect(performance.now() - from).toBeLessThan(adapter.delayMs + adapter.slackMs + 500);
      expect(again.attempt).toBe(2);
    },
  },
  {
    id: "C11",
    title: "a delayed message does not come early",
    async run(broker, adapter) {
      const queue = broker.open({ leaseMs: 20_000 });
      const from = performance.now();
      await queue.enqueue([message("late", adapter.delayMs), message("now")]);
      expect((await next(queue)).body.id).toBe("now");
      expect((await next(queue)).body.id).toBe("late");
      expect(performance.now() - from).toBeGreaterThanOrEqual(adapter.delayMs - 2);
    },
  },
  {
    id: "C17",
    title: "close ends a receive that waits, and what comes later goes to somebody else",
    async run(broker) {
      const [leaving, staying] = [broker.open({ leaseMs: 20_000 }), broker.open({ leaseMs: 20_000 })];
      const waiting = leaving.receive({ max: 1, waitMs: 20_000 });
      await pause(250);
      const from = performance.now();
      const closed = leaving.close();
      expect(await waiting).toHaveLength(0);
      expect(performance.now() - from).toBeLessThan(1_000);
      await staying.enqueue([message("after")]);
      expect((await next(staying, 8_000)).body.id).toBe("after");
      await closed;
      expect(await leaving.receive({ max: 1, waitMs: 0 })).toHaveLength(0);
    },
  },
  {
    id: "C18",
    title: "abort is prompt and the queue goes on",
    async run(broker) {
      const queue = broker.open({ leaseMs: 20_000 });
      const stop = new AbortController();
      const waiting = queue.receive({ max: 1, waitMs: 20_000, signal: stop.signal });
      await pause(250);
      const from = performance.now();
      stop.abort();
      expect(await waiting).toHaveLength(0);
      expect(performance.now() - from).toBeLessThan(1_000);
      expect(await queue.receive({ max: 1, waitMs: 1_000, signal: AbortSignal.abort() })).toHaveLength(0);
      await queue.enqueue([message("after")]);
      expect((await next(queue, 8_000)).attempt).toBe(1);
    },
  },
  {
    id: "C22",
    title: "messages sent before the consumer group exists arrive, also after the broker was emptied",
    async run(broker) {
      const queue = broker.open({ leaseMs: 20_000 });
      await queue.enqueue(messages(3));
      const before = await drain(queue, 500);
      expect(before.map(({ body }) => body.id).sort()).toEqual(["job-0", "job-1", "job-2"]);
      for (const delivery of before) await delivery.ack();
      await broker.wipe();
      await queue.enqueue([message("after the wipe")]);
      expect((await next(queue)).body.id).toBe("after the wipe");
    },
  },
  {
    id: "C24",
    title: "nobody extends a lease beyond the ceiling",
    async run(broker, adapter) {
      const ceilingMs = adapter.leaseMs * 3;
      const [owner, other] = [broker.open({ maxLeaseMs: ceilingMs }), broker.open()];
      await owner.enqueue([message("endless")]);
      const delivery = await next(owner);
      const from = performance.now();
      expect(delivery.maxLeaseUntil).toBeLessThanOrEqual(Date.now() + ceilingMs);
      while ((await delivery.extend()) === "ok") {
        expect(performance.now() - from).toBeLessThan(ceilingMs);
        await pause(adapter.leaseMs / 4);
      }
      expect((await next(other)).attempt).toBe(2);
      expect(performance.now() - from).toBeLessThan(ceilingMs + adapter.slackMs);
    },
  },
];
