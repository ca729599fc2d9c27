import { setTimeout as pause } from "node:timers/promises";
import { openQueue } from "#core/queue/open-queue.ts";
import { queueNames } from "#core/queue/port.ts";
import { reconcile } from "#core/queue/reconciler.ts";
import type { Queues } from "#core/queue/relay.ts";
import { openLog } from "#core/telemetry/log.ts";
import { everyStale } from "#triggers/reconcile/reconcile.ts";
import type { World } from "./world.ts";

/** The reconciler's rounds, every second instead of every minute and for rows stale for one second instead of two minutes. */
export function hurryReconciler(world: World): () => Promise<void> {
  const stop = new AbortController();
  const config = { QUEUE: "redis", REDIS_URL: world.redisUrl, SQS_REGION: "", SQS_QUEUE_PREFIX: "" } as const;
  const queues = Object.fromEntries(queueNames.map((name) => [name, openQueue(config, name)])) as Queues;
  const log = openLog("chaos", "silent");
  const rounds = (async () => {
    while (!stop.signal.aborted) {
      await reconcile({ sql: world.sql, queues, log }, everyStale(1_000)).catch(() => {});
      await pause(1_000, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return async () => {
    stop.abort();
    await rounds;
    await Promise.all(Object.values(queues).map((queue) => queue.close()));
  };
}
