import { readConfig } from "#core/config.ts";
import { queueLater } from "#core/queue/later.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { queueNames } from "#core/queue/port.ts";
import type { Queues } from "#core/queue/relay.ts";
import { JobStopped, runJob } from "#core/queue/run-trigger.ts";
import { openSqsQueue } from "#core/queue/sqs.ts";
import { messageOf, sqsEventSchema } from "#core/queue/sqs-event.ts";
import { openResources } from "#core/resources.ts";
import type { Trigger } from "#functions/route.ts";
import type { OnJob, OnTick, TriggerDeps } from "./trigger.ts";

type Environment = Record<string, string | undefined>;

/** What the runtime says about a call. */
export interface CallContext {
  getRemainingTimeInMillis(): number;
}

/** To finish a step, settle and answer before the runtime ends the call. */
const MARGIN_MS = 5_000;

function endOf(context: CallContext, reason?: Error): { signal: AbortSignal; clear(): void } {
  const ending = new AbortController();
  const leftMs = Math.max(0, context.getRemainingTimeInMillis() - MARGIN_MS);
  const timer = setTimeout(() => ending.abort(reason), leftMs);
  return { signal: ending.signal, clear: () => clearTimeout(timer) };
}

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
  return async (event: unknown, context: CallContext) => {
    const deps = depsOf();
    queue ??= openSqsQueue(deps.config, wokenBy.queue, { leaseMs: wokenBy.leaseMs });
    const handler = onJob(deps);
    const { Records } = sqsEventSchema.parse(event);
    const { signal: stop, clear } = endOf(context, new JobStopped("shutdown"));
    const again = await Promise.all(
      Records.map(async (record) => {
        const again = [{ itemIdentifier: record.messageId }];
        try {
          const [delivery] = (await queue?.adopt([messageOf(record)])) ?? [];
          if (!queue || !delivery) return [];
          const outcome = await runJob(queue, delivery, handler, { log: deps.log, stop });
          return outcome === "retried" || outcome === "lost" ? again : [];
        } catch (error) {
          deps.log.error({ err: error, message: record.messageId }, "a message could not be put aside");
          return again;
        }
      }),
    ).finally(clear);
    return { batchItemFailures: again.flat() };
  };
}

/** The cloud entry of a clock-triggered function: one round a call, told to end before the runtime ends it. */
export function clockLambda(onTick: OnTick, env: Environment) {
  const depsOf = lazyDeps(env);
  return async (_event: unknown, context: CallContext) => {
    const end = endOf(context);
    await onTick(depsOf())(end.signal).finally(end.clear);
  };
}
