import { afterAll, beforeAll, expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { openRedis } from "#core/db/redis.ts";
import { openRedisQueue } from "#core/queue/redis-streams.ts";
import { eventually } from "#tests/support/eventually.ts";
import { type FaultProxy, openFaultProxy } from "#tests/support/fault-proxy.ts";
import { ownRedis } from "#tests/support/resources.ts";

let proxy: FaultProxy;
let direct: string;
let url: string;

beforeAll(async () => {
  direct = await ownRedis();
  const through = new URL(direct);
  proxy = await openFaultProxy({ host: through.hostname, port: Number(through.port) });
  through.host = `127.0.0.1:${proxy.port}`;
  url = through.href;
});
afterAll(() => proxy.close());

test("a command whose deadline passed while Redis was away is not carried out afterwards", async () => {
  const redis = openRedis(url, { commandMs: 300, silenceMs: 500 });
  expect(await redis.incr("counter")).toBe(1);
  await proxy.set("refuse");
  await expect(redis.incr("counter")).rejects.toThrow("Command timed out");
  await proxy.set("none");
  await eventually(async () => expect(await redis.get("counter")).toBe("1"), { withinMs: 3_000 });
  redis.disconnect();
});

test("once Redis has been away for as long as a command may take, commands fail at once", async () => {
  const redis = openRedis(url, { commandMs: 400, silenceMs: 600 });
  await redis.ping();
  await proxy.set("refuse");
  await pause(500);
  const from = performance.now();
  const failures = await Promise.all(
    Array.from({ length: 1_000 }, () => redis.ping().catch((error: unknown) => error)),
  );
  expect(new Set(failures.map((failure) => (failure as Error).message))).toEqual(
    new Set(["Command timed out"]),
  );
  expect(performance.now() - from).toBeLessThan(200);
  await proxy.set("none");
  await eventually(async () => expect(await redis.ping()).toBe("PONG"));
  redis.disconnect();
});

test("what was handed out in an answer that got lost is handed out again long before its lease ends", async () => {
  const sender = openRedisQueue({ REDIS_URL: direct }, "webhooks:deliver");
  const receiver = openRedisQueue({ REDIS_URL: url }, "webhooks:deliver", { leaseMs: 60_000 });
  expect(await receiver.receive({ max: 1, waitMs: 0 })).toEqual([]);
  await sender.enqueue([{ key: "one", body: { v: 1, id: "one" } }]);
  await proxy.set("mute");
  const from = performance.now();
  const lost = receiver.receive({ max: 1, waitMs: 0 }).catch(() => []);
  await eventually(async () => expect((await sender.stats()).leased).toBe(1));
  expect(await lost).toEqual([]);
  await proxy.set("none");
  const again = await eventually(async () => {
    const [delivery] = await receiver.receive({ max: 1, waitMs: 1_000 });
    if (!delivery) throw new Error("nothing yet");
    return delivery;
  });
  expect(performance.now() - from).toBeLessThan(15_000);
  expect([again.key, again.attempt]).toEqual(["one", 1]);
  expect(await receiver.receive({ max: 1, waitMs: 7_000 })).toEqual([]);
  expect(await again.ack()).toBe("ok");
  await Promise.all([sender.close(), receiver.close()]);
}, 60_000);
