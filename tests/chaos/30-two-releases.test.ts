import { expect, test } from "bun:test";
import { openRedis } from "#core/db/redis.ts";
import { newId } from "#core/id.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { inWorld } from "./world/world.ts";

test(
  "during a deployment an older worker leaves the newer messages to a newer one, and reads its own with fields it does not know",
  () =>
    inWorld({}, async (world) => {
      const admin = openRedis(world.redisUrl);
      const send = (body: unknown) =>
        admin.xadd("edge:purge", "*", "k", "x", "b", JSON.stringify(body), "a", "0", "e", "0", "r", "");
      const known = newId("version");
      await send({ v: 2, versions: [newId("version")], cause: "a field of the next release" });
      await send({ v: 1, id: known, priority: 5, traceparent: undefined });
      const config = {
        QUEUE: "redis",
        REDIS_URL: world.redisUrl,
        SQS_REGION: "",
        SQS_QUEUE_PREFIX: "",
      } as const;
      const queue = openQueue(config, "edge:purge", { maxAttempts: 2 });
      const got = await queue.receive({ max: 10, waitMs: 1_000 });
      expect(got.map(({ body }) => body.id)).toEqual([known]);
      for (const delivery of got) await delivery.ack();
      for (let round = 0; round < 3; round++)
        expect(await queue.receive({ max: 10, waitMs: 300 })).toHaveLength(0);
      expect(await queue.stats()).toEqual({ ready: 0, delayed: 1, leased: 0, dead: 0 });
      await queue.close();
      admin.disconnect();
    }),
  30_000,
);
