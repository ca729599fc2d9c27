import { expect } from "bun:test";
import { join } from "node:path";
import { drain, lapse, message, messages, next, type QueueCase } from "./queue-case.ts";

/** Retries, dead letters, crashes and hand-backs: what a queue promises when work goes wrong. */
export const failureCases: QueueCase[] = [
  {
    id: "C12",
    title: "a job that keeps failing is dead once, with its last reason",
    async run(broker, adapter) {
      const queue = broker.open({ maxAttempts: 3 });
      await queue.enqueue([message("bad")]);
      for (let attempt = 1; attempt <= 3; attempt++) {
        const delivery = await next(queue);
        expect(delivery.attempt).toBe(attempt);
        expect(await delivery.retry({ delayMs: 0, reason: `boom ${attempt}` })).toBe("ok");
      }
      expect(await drain(queue, adapter.leaseMs * 1.5)).toHaveLength(0);
      const dead = await queue.dead();
      expect(dead.map(({ key, attempts, reason }) => ({ key, attempts, reason }))).toEqual([
        { key: "key-bad", attempts: 3, reason: "boom 3" },
      ]);
      expect(dead[0]?.hint?.id).toBe("bad");
      expect(Math.abs(Date.now() - (dead[0]?.at.getTime() ?? 0))).toBeLessThan(60_000);
    },
  },
  {
    id: "C13",
    title: "a job that takes its worker down every time is dead after the last attempt",
    async run(broker, adapter) {
      const queue = broker.open({ maxAttempts: 2 });
      await queue.enqueue([message("killer")]);
      expect((await next(queue)).attempt).toBe(1);
      expect((await next(queue)).attempt).toBe(2);
      expect(await drain(queue, adapter.leaseMs + adapter.slackMs)).toHaveLength(0);
      const [dead, ...more] = await queue.dead();
      expect(more).toHaveLength(0);
      expect(dead?.attempts).toBe(2);
      expect(dead?.reason).toContain("lapsed");
    },
  },
  {
    id: "C14",
    title: "poison does not hold up its neighbours",
    async run(broker, adapter) {
      const queue = broker.open({ maxAttempts: 3 });
      await queue.enqueue([message("poison")]);
      await broker.sendRaw("{ this is no hint");
      const unreadable = ["{ this is no hint", ...(await broker.sendForeign())].sort();
      await broker.sendRaw(JSON.stringify({ v: 99, id: "from the next release" }));
      await queue.enqueue(messages(10));
      const done = new Set<string>();
      const until = performance.now() + adapter.leaseMs * 8;
      const buried = async () => (await queue.dead()).filter(({ hint }) => hint === null);
      while ((done.size < 10 || (await buried()).length < unreadable.length) && performance.now() < until) {
        for (const delivery of await queue.receive({ max: 1, waitMs: 500 })) {
          if (delivery.body.id === "poison") await delivery.retry({ delayMs: 0, reason: "poison" });
          else if ((await delivery.ack()) === "ok") done.add(delivery.body.id);
        }
      }
      expect(done.size).toBe(10);
      expect((await buried()).map(({ rawBody }) => rawBody).sort()).toEqual(unreadable);
      expect((await buried()).map(({ attempts }) => attempts)).toEqual(unreadable.map(() => 1));
      const { ready, delayed, leased } = await queue.stats();
      expect(ready + delayed + leased).toBeGreaterThanOrEqual(1);
    },
  },
  {
    id: "C15",
    title: "what was buried can be sent again, with no attempts used",
    async run(broker) {
      const queue = broker.open({ maxAttempts: 3, leaseMs: 20_000 });
      await queue.enqueue([message("a"), message("b"), message("c")]);
      for (let i = 0; i < 3; i++) await (await next(queue)).retry({ delayMs: 0, reason: "first" });
      for (let i = 0; i < 3; i++) {
        const delivery = await next(queue);
        expect(delivery.attempt).toBe(2);
        expect(await delivery.bury("cannot be done")).toBe("ok");
      }
      const dead = await queue.dead();
      expect(dead.map(({ attempts, reason }) => `${attempts} ${reason}`)).toEqual(
        Array(3).fill("2 cannot be done"),
      );
      const b = dead.find(({ hint }) => hint?.id === "b");
      expect(await queue.redrive([b?.deadId ?? ""])).toBe(1);
      const again = await next(queue);
      expect([again.body.id, again.attempt, again.key]).toEqual(["b", 1, "key-b"]);
      await again.ack();
      expect(await queue.redrive()).toBe(2);
      const rest = await drain(queue, 500);
      expect(rest.map(({ body, attempt }) => `${body.id} ${attempt}`).sort()).toEqual(["a 1", "c 1"]);
      expect((await queue.stats()).dead).toBe(0);
    },
  },
  {
    id: "C16",
    title: "a hand-back is not counted and comes back at once",
    async run(broker, adapter) {
      const queue = broker.open({ maxAttempts: 2 });
      await queue.enqueue([message("a")]);
      for (let round = 0; round < 5; round++) {
        const from = performance.now();
        const delivery = await next(queue);
        expect(performance.now() - from).toBeLessThan(Math.min(adapter.slackMs, 600));
        expect(delivery.attempt).toBe(1);
        expect(await delivery.retry({ delayMs: 0, reason: "shutting down", uncounted: true })).toBe("ok");
      }
    },
  },
  {
    id: "C19",
    title: "of 500 jobs none is lost when a worker is killed in the middle",
    async run(broker) {
      const queue = broker.open({ leaseMs: 2_000, maxAttempts: 5 });
      await queue.enqueue(messages(500));
      const worker = Bun.spawn(
        [process.execPath, join(import.meta.dir, "queue-consumer.ts"), JSON.stringify(broker.config)],
        {
          stdout: "pipe",
          stderr: "inherit",
        },
      );
      const done = new Set<string>();
      const given = setTimeout(() => worker.kill("SIGKILL"), 15_000);
      let line = "";
      for await (const chunk of worker.stdout) {
        const lines = (line + new TextDecoder().decode(chunk)).split("\n");
        line = lines.pop() ?? "";
        for (const id of lines) done.add(id);
        if (done.size >= 100) worker.kill("SIGKILL");
      }
      await worker.exited;
      clearTimeout(given);
      expect(done.size).toBeLessThan(500);
      const until = performance.now() + 15_000;
      while (done.size < 500 && performance.now() < until) {
        for (const delivery of await queue.receive({ max: 10, waitMs: 500 }))
          if ((await delivery.ack()) === "ok") done.add(delivery.body.id);
      }
      expect(done.size).toBe(500);
      expect((await queue.stats()).dead).toBe(0);
    },
  },
  {
    id: "C20",
    title: "the figures add up",
    async run(broker, adapter) {
      const queue = broker.open({ leaseMs: 20_000 });
      await queue.enqueue([...messages(10), message("x", 900_000), message("y", 900_000)]);
      expect(await queue.stats()).toEqual({ ready: 10, delayed: 2, leased: 0, dead: 0 });
      const held = [await next(queue), await next(queue), await next(queue), await next(queue)];
      await held[0]?.ack();
      await held[1]?.bury("no");
      await held[2]?.retry({ delayMs: 600_000, reason: "later" });
      const { ready, delayed, leased, dead } = await queue.stats();
      expect({ ready, dead, waiting: delayed + leased }).toEqual({ ready: 6, dead: 1, waiting: 4 });
      expect(adapter.name === "SQS" ? [2, 2] : [3, 1]).toEqual([delayed, leased]);
    },
  },
  {
    id: "C21",
    title: "closing with a job in flight leaves the job to somebody else",
    async run(broker) {
      const [leaving, staying] = [broker.open(), broker.open()];
      await leaving.enqueue([message("orphan")]);
      const delivery = await next(leaving);
      await leaving.close();
      expect(await delivery.ack()).toBe("lost");
      const again = await next(staying);
      expect([again.body.id, again.attempt]).toEqual(["orphan", 2]);
      expect(await again.ack()).toBe("ok");
    },
  },
  {
    id: "C23",
    title: "in a batch each delivery has its own fate",
    async run(broker, adapter) {
      const queue = broker.open({ leaseMs: 20_000 });
      await queue.enqueue(messages(5));
      const batch = await drain(queue, adapter.leaseMs / 2, 5);
      expect(batch).toHaveLength(5);
      const [one, two, three, four, five] = batch;
      await Promise.all([
        one?.ack(),
        two?.ack(),
        three?.ack(),
        four?.retry({ delayMs: 0, reason: "failed" }),
        five?.bury("hopeless"),
      ]);
      const again = await drain(queue, adapter.slackMs);
      expect(again.map(({ body, attempt }) => [body.id, attempt])).toEqual([[four?.body.id ?? "", 2]]);
      expect((await queue.dead()).map(({ hint }) => hint?.id)).toEqual([five?.body.id]);
    },
  },
  {
    id: "C25",
    title: "whoever lost the lease cannot bury the last attempt of somebody else",
    async run(broker, adapter) {
      const [late, owner] = [broker.open({ maxAttempts: 2 }), broker.open({ maxAttempts: 2 })];
      await late.enqueue([message("a")]);
      const stale = await next(late);
      await lapse(adapter);
      const last = await next(owner);
      expect(last.attempt).toBe(2);
      expect(await stale.bury("too late")).toBe("lost");
      expect(await last.ack()).toBe("ok");
      expect(await owner.stats()).toEqual({ ready: 0, delayed: 0, leased: 0, dead: 0 });
    },
  },
  {
    id: "C26",
    title: "a reason may hold whatever a program printed, as long as it likes",
    async run(broker) {
      const queue = broker.open({ maxAttempts: 1 });
      await queue.enqueue([message("chatty"), message("endless")]);
      for (const delivery of [await next(queue), await next(queue)])
        await delivery.retry({
          delayMs: 0,
          reason: delivery.body.id === "chatty" ? "\u001b[31mno\u0000 \ud83c frame\n" : "x".repeat(300_000),
        });
      const reasons = (await queue.dead()).map(({ reason }) => reason).sort();
      expect(reasons).toEqual(["x".repeat(1_000), "\ufffd[31mno\ufffd \ufffd frame\n"]);
    },
  },
];
