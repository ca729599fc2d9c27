import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { openRedis } from "#core/db/redis.ts";
import { runClock, type Schedule } from "#core/queue/clock.ts";
import { type OwnRedis, openOwnRedis } from "#tests/chaos/world/server.ts";
import { eventually } from "#tests/support/eventually.ts";
import { shiftClock } from "#tests/support/shift-clock.ts";

let redis: OwnRedis;
let admin: Redis;
beforeAll(async () => {
  redis = await openOwnRedis();
  admin = openRedis(redis.url);
});
afterAll(async () => {
  admin.disconnect();
  await redis.end();
});

const log = { info() {}, warn() {}, error() {} };

/** Two processes' worth of clocks, calling one schedule every 300 ms. */
async function inClocks(run: Schedule["run"], work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const schedules = [{ name: "tick", everyMinutes: 0.005, run }];
  const clocks = [1, 2].map(() => runClock({ redisUrl: redis.url, log }, schedules, stop.signal));
  try {
    await work();
  } finally {
    stop.abort();
    await Promise.all(clocks);
    await admin.flushall();
  }
}

test("the clock goes on when Redis is emptied under it", async () => {
  let calls = 0;
  await inClocks(
    async () => {
      calls += 1;
    },
    async () => {
      await eventually(() => expect(calls).toBeGreaterThan(2));
      await admin.flushall();
      const before = calls;
      await eventually(() => expect(calls).toBeGreaterThan(before + 2), { withinMs: 30_000 });
    },
  );
}, 60_000);

test("rounds of one schedule do not overlap, in however many processes", async () => {
  let running = 0;
  let most = 0;
  let calls = 0;
  await inClocks(
    async () => {
      calls += 1;
      running += 1;
      most = Math.max(most, running);
      await Bun.sleep(1_000);
      running -= 1;
    },
    () => eventually(() => expect(calls).toBeGreaterThan(4), { withinMs: 30_000 }),
  );
  expect(most).toBe(1);
}, 60_000);

test.each([86_400_000, -1_800_000])(
  "the clock goes on when the wall clock was %i ms off for a while",
  async (ms) => {
    let calls = 0;
    const goesOn = async () => {
      const before = calls;
      await eventually(() => expect(calls).toBeGreaterThan(before + 2), { withinMs: 40_000 });
    };
    await inClocks(
      async () => {
        calls += 1;
      },
      async () => {
        await goesOn();
        const back = shiftClock(ms);
        await goesOn().finally(back);
        await goesOn();
      },
    );
  },
  150_000,
);
