import { expect, test } from "bun:test";
import { openRedis } from "#core/db/redis.ts";
import { newId } from "#core/id.ts";
import { eventually } from "#tests/support/eventually.ts";
import { judge, startLoad } from "./world/load.ts";
import { hurryReconciler } from "./world/reconciler.ts";
import { inWorld } from "./world/world.ts";

test(
  "after a restore from backup Postgres and Redis disagree: the reconciler converges",
  () =>
    inWorld({ redis: "own" }, async (world) => {
      const first = await world.api();
      const load = startLoad(world, { jobs: 60, clients: 4 });
      await load.done;
      expect(await judge(world, load)).toEqual({ settled: 60, lost: 0, doubled: 0 });
      first.kill("SIGKILL");
      await first.exited;
      // The backup is older than the queues: deliveries and jobs are as they were, their hints are gone,
      // and Redis still names rows that the backup does not have.
      await world.sql`update webhook_deliveries set state = 'pending', attempts = 0, delivered_at = null,
      next_attempt_at = now() - interval '1 hour' where id in (select id from webhook_deliveries order by id limit 30)`;
      const redis = openRedis(world.redisUrl);
      await redis.flushall();
      for (let i = 0; i < 20; i++)
        await redis.xadd(
          "webhooks:deliver",
          "*",
          "k",
          "x",
          "b",
          JSON.stringify({ v: 1, id: newId("delivery") }),
          "a",
          "0",
          "e",
          "0",
          "r",
          "",
        );
      redis.disconnect();
      await world.api();
      const calm = hurryReconciler(world);
      await eventually(
        async () => {
          const [left] = await world.sql<
            { n: number }[]
          >`select count(*)::int as n from webhook_deliveries where state = 'pending'`;
          expect(left?.n).toBe(0);
        },
        { withinMs: 30_000, everyMs: 200 },
      );
      expect(await judge(world, load)).toEqual({ settled: 60, lost: 0, doubled: 0 });
      await calm();
    }),
  90_000,
);
