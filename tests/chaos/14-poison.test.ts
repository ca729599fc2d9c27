import { expect, test } from "bun:test";
import { openRedis } from "#core/db/redis.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { eventually } from "#tests/support/eventually.ts";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "poison in the queues is put aside with a reason, and its neighbours are done",
  () =>
    inWorld({}, async (world) => {
      const admin = openRedis(world.redisUrl);
      const fields = (body: string) => ["k", "poison", "b", body, "a", "0", "e", "0", "r", ""];
      for (let i = 0; i < 20; i++) {
        await admin.xadd("webhooks:deliver", "*", ...fields("\u0000 no json"));
        await admin.xadd(
          "webhooks:deliver",
          "*",
          ...fields(JSON.stringify({ v: 1, id: "'; drop table people; --" })),
        );
        await admin.xadd(
          "webhooks:deliver",
          "*",
          ...fields(JSON.stringify({ v: 2, id: "of the next release" })),
        );
      }
      admin.disconnect();
      await world.api();
      const load = startLoad(world, { jobs: 100, clients: 4 });
      await load.done;
      expect(await judge(world, load)).toEqual({ settled: 100, lost: 0, doubled: 0 });
      const queue = openQueue(
        { QUEUE: "redis", REDIS_URL: world.redisUrl, SQS_REGION: "", SQS_QUEUE_PREFIX: "" },
        "webhooks:deliver",
      );
      await eventually(async () => {
        const dead = await queue.dead();
        expect(dead.map(({ reason }) => reason)).toEqual(Array(20).fill("the body cannot be read"));
        // What a newer release wrote waits for its worker instead of dying here.
        const { ready, delayed, leased } = await queue.stats();
        expect(ready + delayed + leased).toBe(20);
      });
      await queue.close();
    }),
  60_000,
);
