import { countCustody } from "#core/custody/gauges.ts";
import { runClock } from "#core/queue/clock.ts";
import { openLater, runLater } from "#core/queue/later.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { type QueueName, queueNames } from "#core/queue/port.ts";
import type { Queues } from "#core/queue/relay.ts";
import { runTrigger } from "#core/queue/run-trigger.ts";
import type { Resources } from "#core/resources.ts";
import { copyToMasters } from "#triggers/copy-to-masters/copy-to-masters.ts";
import { copyToMastersTrigger } from "#triggers/copy-to-masters/trigger.ts";
import { deliverWebhooks } from "#triggers/deliver-webhooks/deliver-webhooks.ts";
import { deliverWebhooksTrigger } from "#triggers/deliver-webhooks/trigger.ts";
import { expireUploads } from "#triggers/expire-uploads/expire-uploads.ts";
import { expireUploadsTrigger } from "#triggers/expire-uploads/trigger.ts";
import { forgetExpired } from "#triggers/forget-expired/forget-expired.ts";
import { forgetExpiredTrigger } from "#triggers/forget-expired/trigger.ts";
import { keepEdgesCurrent } from "#triggers/keep-edges-current/keep-edges-current.ts";
import { keepEdgesCurrentTrigger } from "#triggers/keep-edges-current/trigger.ts";
import { purgeEdges } from "#triggers/purge-edges/purge-edges.ts";
import { purgeEdgesTrigger } from "#triggers/purge-edges/trigger.ts";
import { reconcileStale } from "#triggers/reconcile/reconcile.ts";
import { reconcileTrigger } from "#triggers/reconcile/trigger.ts";
import { relayOutbox } from "#triggers/relay-outbox/relay-outbox.ts";
import { sweep } from "#triggers/sweep/sweep.ts";
import { sweepTrigger } from "#triggers/sweep/trigger.ts";
import type { OnJob, OnTick, TriggerDeps } from "#triggers/trigger.ts";
import { verifyMastersTrigger } from "#triggers/verify-masters/trigger.ts";
import { verifyMasters } from "#triggers/verify-masters/verify-masters.ts";
import type { Trigger } from "./route.ts";

/** Each trigger with its code: one handler of jobs, or one round of a clock. Its data stands in `routes.ts`. */
const onQueue: readonly [Trigger, OnJob][] = [
  [copyToMastersTrigger, copyToMasters],
  [deliverWebhooksTrigger, deliverWebhooks],
  [purgeEdgesTrigger, purgeEdges],
];
const onClock: readonly [Trigger, OnTick][] = [
  [reconcileTrigger, reconcileStale],
  [keepEdgesCurrentTrigger, keepEdgesCurrent],
  [expireUploadsTrigger, expireUploads],
  [sweepTrigger, sweep],
  [forgetExpiredTrigger, forgetExpired],
  [verifyMastersTrigger, verifyMasters],
];

/** The relay and every trigger, in this process. Any number of processes may do the same. */
export function startBackground(resources: Resources): { stop(): Promise<void> } {
  const { config, log } = resources;
  const redisUrl = config.REDIS_URL;
  const ended = new AbortController();
  const { signal } = ended;
  const queues = openQueues(config);
  const later = openLater(redisUrl, log);
  const deps: TriggerDeps = Object.assign(Object.create(resources) as Resources, { queues, later });

  countQueues(resources, queues);
  countCustody(resources);
  const running: Promise<unknown>[] = [
    relayOutbox(deps)(signal),
    runLater({ redisUrl, queues, log }, signal),
    runClock(
      { redisUrl, log },
      onClock.map(([{ name, wokenBy }, onTick]) => {
        const round = onTick(deps);
        const everyMinutes = "minutes" in wokenBy ? wokenBy.minutes : 1;
        return { name, everyMinutes, run: (tick) => round(tick.signal) };
      }),
      signal,
    ),
  ];
  for (const [{ wokenBy }, onJob] of onQueue)
    if ("queue" in wokenBy)
      running.push(
        runTrigger(queues[wokenBy.queue], onJob(deps), { concurrency: wokenBy.concurrency, signal, log }),
      );
  for (const one of running)
    one.catch((error: unknown) => log.fatal({ err: error }, "a part of the background stopped"));
  return {
    async stop() {
      ended.abort();
      await Promise.allSettled(running);
      await Promise.allSettled([later.close(), ...Object.values(queues).map((queue) => queue.close())]);
    },
  };
}

/** Every queue, with the lease that its trigger asks for. */
function openQueues(config: Resources["config"]): Queues {
  const leases = new Map<QueueName, number>();
  for (const [{ wokenBy }] of onQueue) if ("queue" in wokenBy) leases.set(wokenBy.queue, wokenBy.leaseMs);
  return Object.fromEntries(
    queueNames.map((name) => {
      const leaseMs = leases.get(name);
      return [name, openQueue(config, name, leaseMs === undefined ? {} : { leaseMs })];
    }),
  ) as Queues;
}

/** What alarms look at: dead letters, a backlog, and an outbox that nobody empties. */
function countQueues({ metrics, sql }: Resources, queues: Queues): void {
  metrics.gauge("rushes_queue_messages", "Messages by state", ["queue", "state"], async () => {
    const all = await Promise.all(
      queueNames.map(async (queue) =>
        Object.entries(await queues[queue].stats()).map(([state, value]) => ({
          labels: { queue, state },
          value,
        })),
      ),
    );
    return all.flat();
  });
  metrics.gauge("rushes_outbox_oldest_seconds", "Age of the oldest outbox row", [], async () => {
    const [row] = await sql<{ seconds: number }[]>`
      select coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as seconds from outbox`;
    return [{ labels: {}, value: row?.seconds ?? 0 }];
  });
}
