import { readConfig } from "#core/config.ts";
import { queueLater } from "#core/queue/later.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { queueNames } from "#core/queue/port.ts";
import type { Queues } from "#core/queue/relay.ts";
import { runJob } from "#core/queue/run-trigger.ts";
import { openSqsQueue } from "#core/queue/sqs.ts";
import { messageOf, sqsEventSchema } from "#core/queue/sqs-event.ts";
import { openResources } from "#core/resources.ts";
import type { Trigger } from "#functions/route.ts";
import type { OnJob, OnTick, TriggerDeps } from "./trigger.ts";

type Environment = Record<string, string | undefined>;

/** Clients open on the first call of a container, not while the module loads. */
function lazyDeps(env: Environment): () => TriggerDeps {
  let deps: TriggerDeps | undefined;
  return () => {
    if (deps) return deps;
    const resources = openResources(readConfig(env, "api"));
    const queues = Object.fromEntries(
      queueNames.map((name) => [name, openQueue(resources.config, name)]),
    ) as Queues;
    const later = queueLater(queues, resources.log);
    deps = Object.assign(Object.create(resources) as typeof resources, { queues, later });
    return deps;
  };
}

/**
 * The cloud entry of a queue-triggered function. Answers the messages that must come again (partial batch failure);
 * what was done or buried is deleted here already, so that a crash in the middle repeats only what was not done.
 */
export function queueLambda(trigger: Trigger, onJob: OnJob, env: Environment) {
  const depsOf = lazyDeps(env);
  const { wokenBy } = trigger;
  if (!("queue" in wokenBy)) throw new Error(`${trigger.name} is not woken by a queue`);
  let queue: ReturnType<typeof openSqsQueue> | undefined;
  return async (event: unknown) => {
    const deps = depsOf();
    queue ??= openSqsQueue(deps.config, wokenBy.queue, { leaseMs: wokenBy.leaseMs });
    const handler = onJob(deps);
    const { Records } = sqsEventSchema.parse(event);
    const again = await Promise.all(
      Records.map(async (record) => {
        const [delivery] = (await queue?.adopt([messageOf(record)])) ?? [];
        if (!queue || !delivery) return [];
        const outcome = await runJob(queue, delivery, handler, { log: deps.log });
        return outcome === "retried" || outcome === "lost" ? [{ itemIdentifier: record.messageId }] : [];
      }),
    );
    return { batchItemFailures: again.flat() };
  };
}

/** The cloud entry of a clock-triggered function: one round a call. */
export function clockLambda(onTick: OnTick, env: Environment) {
  const depsOf = lazyDeps(env);
  return async () => {
    await onTick(depsOf())(new AbortController().signal);
  };
}
