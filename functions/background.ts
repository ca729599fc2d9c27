import { setTimeout as pause } from "node:timers/promises";
import { openQueue } from "#core/queue/open-queue.ts";
import { queueNames } from "#core/queue/port.ts";
import { type Queues, runRelay } from "#core/queue/relay.ts";
import { type JobHandler, runTrigger } from "#core/queue/run-trigger.ts";
import type { Resources } from "#core/resources.ts";
import { copyToMasters } from "#triggers/copy-to-masters/copy-to-masters.ts";
import { copyToMastersTrigger } from "#triggers/copy-to-masters/trigger.ts";
import type { Trigger } from "./route.ts";

/** What a trigger is handed: the resources, and every queue. */
export type TriggerDeps = Resources & { queues: Queues };

/** A trigger of a queue handles a job; one of a clock does its round and leaves when the signal says so. */
export type BuiltTrigger =
  | [trigger: Trigger, build: (deps: TriggerDeps) => JobHandler]
  | [trigger: Trigger, build: (deps: TriggerDeps) => (signal: AbortSignal) => Promise<void>];

/** Each trigger with its handler. Add a trigger here and its data in `routes.ts`. */
const built: readonly BuiltTrigger[] = [[copyToMastersTrigger, copyToMasters]];

/** The relay and every trigger, in this process. Any number of processes may do the same. */
export function startBackground(resources: Resources): { stop(): Promise<void> } {
  const { config, log } = resources;
  const ended = new AbortController();
  const queues = Object.fromEntries(queueNames.map((name) => [name, openQueue(config, name)])) as Queues;
  const deps: TriggerDeps = Object.assign(Object.create(resources) as Resources, { queues });
  const running: Promise<unknown>[] = [runRelay({ ...relayDeps(deps), queues }, ended.signal)];
  for (const [{ name, wokenBy }, build] of built) {
    if ("queue" in wokenBy) {
      const handler = build(deps) as JobHandler;
      const { queue, concurrency } = wokenBy;
      running.push(runTrigger(queues[queue], handler, { concurrency, signal: ended.signal, log }));
    } else {
      const round = build(deps) as (signal: AbortSignal) => Promise<void>;
      running.push(
        everySoOften(wokenBy.minutes * 60_000, ended.signal, () =>
          round(ended.signal).catch((error: unknown) =>
            log.error({ err: error, trigger: name }, "a round failed"),
          ),
        ),
      );
    }
  }
  return {
    async stop() {
      ended.abort();
      await Promise.allSettled(running);
      await Promise.allSettled(Object.values(queues).map((queue) => queue.close()));
    },
  };
}

const relayDeps = ({ sql, redis, log }: Resources) => ({ sql, redis, log });

/** First soon after the start, at a moment of its own: many processes must not do the same round at once. */
async function everySoOften(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  await pause(1_000 + Math.random() * Math.min(ms, 30_000), undefined, { signal }).catch(() => {});
  while (!signal.aborted) {
    await work();
    await pause(ms * (0.9 + Math.random() / 5), undefined, { signal }).catch(() => {});
  }
}
