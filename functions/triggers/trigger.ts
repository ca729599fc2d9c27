import type { Later } from "#core/queue/later.ts";
import type { Queues } from "#core/queue/relay.ts";
import type { JobHandler } from "#core/queue/run-trigger.ts";
import type { Resources } from "#core/resources.ts";

/** What a trigger is handed: the resources, every queue, and a way to be reminded. */
export type TriggerDeps = Resources & { queues: Queues; later: Later };

/**
 * Builds the handler of a queue. Its job names a row; the row says what is to be done, so a repeated call must find
 * nothing left to do. Called alike by Lambda's SQS event and by the self-hosted runner.
 */
export type OnJob = (deps: TriggerDeps) => JobHandler;

/** Builds one round of a clock. Self-hosted, rounds of one trigger do not overlap; in the cloud they may. A failed one waits for the next. */
export type OnTick = (deps: TriggerDeps) => (signal: AbortSignal) => Promise<void>;
