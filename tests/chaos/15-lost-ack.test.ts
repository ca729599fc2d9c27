import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { hintOf } from "#core/queue/hint.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "every hint comes ten times, as if each ack had been lost: each effect happens once",
  () =>
    inWorld({}, async (world) => {
      await world.api();
      const queue = openQueue(
        { QUEUE: "redis", REDIS_URL: world.redisUrl, SQS_REGION: "", SQS_QUEUE_PREFIX: "" },
        "webhooks:deliver",
      );
      const load = startLoad(world, { jobs: 150, clients: 4 });
      const echo = (async () => {
        for (let round = 0; round < 8; round++) {
          await pause(200);
          const rows = await world.sql<
            { id: string }[]
          >`select id from webhook_deliveries order by random() limit 40`;
          for (let time = 0; time < 10; time++)
            await queue.enqueue(rows.map(({ id }) => ({ key: id, body: hintOf(id) })));
        }
      })();
      await load.done;
      await echo;
      expect(await judge(world, load)).toEqual({ settled: 150, lost: 0, doubled: 0 });
      expect([...world.receiver.times.values()].filter((times) => times !== 1)).toEqual([]);
      await queue.close();
    }),
  60_000,
);
