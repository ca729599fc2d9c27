import type { Job } from "#core/queue/run-trigger.ts";
import type { Resources } from "#core/resources.ts";

/**
 * A function woken by a queue. The job names a row; the row says what is to be done, so a repeated call must find
 * nothing left to do. Resolving settles the message, a `Refusal` buries it, a `HandBack` returns it uncounted,
 * anything else is tried again later. Called alike by Lambda and by the self-hosted runner.
 */
export type OnJob = (deps: Resources, job: Job) => Promise<void>;

export interface Tick {
  /** Now. After an outage the calls in between are left out. */
  readonly at: Date;
  /** Aborts when the process must leave. */
  readonly signal: AbortSignal;
}

/** A function woken by a clock. One call at a time in the whole deployment; a failed call waits for the next tick. */
export type OnTick = (deps: Resources, tick: Tick) => Promise<void>;
