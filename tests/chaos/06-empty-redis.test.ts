import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { openRedis } from "#core/db/redis.ts";
import { judge, startLoad } from "./world/load.ts";
import { hurryReconciler } from "./world/reconciler.ts";
import { inWorld } from "./world/world.ts";

test(
  "Redis is emptied under load, queues and all: the reconciler finds in Postgres what was lost",
  () =>
    inWorld({ redis: "own" }, async (world) => {
      await world.api();
      const load = startLoad(world, { jobs: 400, clients: 8, pauseMs: 10 });
      const admin = openRedis(world.redisUrl);
      for (let round = 0; round < 5; round++) {
        await pause(200);
        await admin.flushall();
      }
      admin.disconnect();
      await load.done;
      const calm = hurryReconciler(world);
      expect(await judge(world, load, { withinMs: 100_000 })).toEqual({ settled: 400, lost: 0, doubled: 0 });
      await calm();
    }),
  180_000,
);
