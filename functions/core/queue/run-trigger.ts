import { setTimeout as pause } from "node:timers/promises";
import { Refusal } from "../refusal.ts";
import type { Delivery, Queue, Settled } from "./port.ts";

/** What a queue-triggered function is handed, whoever carried the message. */
export interface Job {
  /** The id of the row to look at; the row decides what is to be done, and whether anything is. */
  readonly id: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly traceparent: string | undefined;
  /** Aborts when the lease is lost or the process must leave; its reason is a `JobStopped`. */
  readonly signal: AbortSignal;
  /** Renews the lease now. The runner does so by itself; call it before a step that must not be done twice. */
  extend(): Promise<Settled>;
}

/** Resolving means done. A `Refusal` buries the message, a `HandBack` returns it uncounted, anything else retries. */
export type JobHandler = (job: Job) => Promise<void>;

export type Outcome = "done" | "retried" | "buried" | "handed-back" | "lost";

export class JobStopped extends Error {
  override name = "JobStopped";
  readonly why: "lease-lost" | "shutdown";
  constructor(why: "lease-lost" | "shutdown") {
    super(why === "shutdown" ? "the process is stopping" : "the lease of the job is lost");
    this.why = why;
  }
}

/** The job is fine, but not here or not now: returned without using up an attempt. */
export class HandBack extends Error {
  override name = "HandBack";
  readonly delayMs: number;
  constructor(reason: string, delayMs = 1_000) {
    super(reason);
    this.delayMs = delayMs;
  }
}

export interface RunnerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface RunTriggerOptions {
  concurrency: number;
  /** Aborting stops receiving; jobs in flight may still finish. */
  signal: AbortSignal;
  log: RunnerLog;
  /** How long jobs may go on after `signal` before they are stopped and handed back. */
  drainMs?: number;
  /** Milliseconds before the next attempt, for the attempt that just failed. */
  backoffMs?: (attempt: number) => number;
}

/** 1 s, 4 s, 16 s … up to 10 min, each ± 25 % so that a herd spreads out. */
export function defaultBackoffMs(attempt: number): number {
  return Math.min(1_000 * 4 ** (attempt - 1), 600_000) * (0.75 + Math.random() / 2);
}

/** How long a job may take to notice that its signal was aborted, before the process leaves without it. */
const STOP_MS = 5_000;

/**
 * Feeds a handler from a queue until `signal` aborts, at most `concurrency` jobs at once.
 * Resolves when no job is left. The caller closes the queue afterwards.
 */
export async function runTrigger(
  queue: Queue,
  handler: JobHandler,
  options: RunTriggerOptions,
): Promise<void> {
  const { concurrency, signal, log, drainMs = 10_000 } = options;
  const shutdown = new AbortController();
  const active = new Set<Promise<unknown>>();
  const leaving = new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  let failures = 0;
  while (!signal.aborted) {
    if (active.size >= concurrency) {
      await Promise.race([...active, leaving]);
      continue;
    }
    let deliveries: Delivery[];
    try {
      deliveries = await queue.receive({ max: concurrency - active.size, waitMs: 5_000, signal });
      failures = 0;
    } catch (error) {
      failures += 1;
      log.warn({ queue: queue.name, err: error }, "the queue does not answer");
      await pause(Math.min(250 * 2 ** failures, 5_000) * (0.75 + Math.random() / 2), undefined, {
        signal,
      }).catch(() => {});
      continue;
    }
    for (const delivery of deliveries) {
      const running = runJob(queue, delivery, handler, { ...options, stop: shutdown.signal }).finally(() =>
        active.delete(running),
      );
      active.add(running);
    }
  }
  const idle = Promise.all(active);
  if ((await settledWithin(idle, drainMs)) === "late") {
    shutdown.abort(new JobStopped("shutdown"));
    await settledWithin(idle, STOP_MS);
  }
}

async function settledWithin(work: Promise<unknown>, ms: number): Promise<"done" | "late"> {
  const timer = new AbortController();
  const late = pause(ms, "late" as const, { signal: timer.signal }).catch(() => "late" as const);
  const first = await Promise.race([work.then(() => "done" as const), late]);
  timer.abort();
  return first;
}

/** Runs one delivery to its end with a heartbeat, and settles it. Never throws. */
export async function runJob(
  queue: Pick<Queue, "name" | "leaseMs">,
  delivery: Delivery,
  handler: JobHandler,
  options: { log: RunnerLog; stop?: AbortSignal; backoffMs?: (attempt: number) => number },
): Promise<Outcome> {
  const { log, backoffMs = defaultBackoffMs } = options;
  const lease = new AbortController();
  const signal = options.stop ? AbortSignal.any([options.stop, lease.signal]) : lease.signal;
  const fields = { queue: queue.name, id: delivery.body.id, attempt: delivery.attempt };
  const lose = () => lease.abort(new JobStopped("lease-lost"));
  let renewedAt = performance.now();

  async function extend(): Promise<Settled> {
    const from = performance.now();
    const settled = await delivery.extend();
    if (settled === "ok") renewedAt = from;
    else lose();
    return settled;
  }
  const heartbeat = setInterval(() => {
    extend().catch((error: unknown) => {
      log.warn({ ...fields, err: error }, "the heartbeat failed");
      // Nobody can say whether the lease is still ours once it could have lapsed.
      if (performance.now() - renewedAt >= queue.leaseMs) lose();
    });
  }, queue.leaseMs / 3);

  try {
    await handler({
      id: delivery.body.id,
      attempt: delivery.attempt,
      traceparent: delivery.body.traceparent,
      signal,
      extend,
    });
    return await settle(log, fields, () => delivery.ack(), "done");
  } catch (error) {
    const reason = describe(error);
    if (lease.signal.aborted) {
      log.warn({ ...fields, err: error }, "stopped: the lease is lost");
      return "lost";
    }
    if (error instanceof HandBack || options.stop?.aborted) {
      const delayMs = error instanceof HandBack ? error.delayMs : 0;
      return await settle(
        log,
        fields,
        () => delivery.retry({ delayMs, reason, uncounted: true }),
        "handed-back",
      );
    }
    if (error instanceof Refusal) {
      log.error({ ...fields, reason }, "buried: the job can never succeed");
      return await settle(log, fields, () => delivery.bury(`${error.code}: ${error.message}`), "buried");
    }
    log.warn({ ...fields, err: error }, "the job failed");
    const delayMs = backoffMs(delivery.attempt);
    return await settle(log, fields, () => delivery.retry({ delayMs, reason }), "retried");
  } finally {
    clearInterval(heartbeat);
  }
}

/** A broker that is away for a moment must not cost a whole lease; away for longer, the lease lapses and the job repeats. */
async function settle(
  log: RunnerLog,
  fields: object,
  verb: () => Promise<Settled>,
  outcome: Outcome,
): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await verb()) === "ok" ? outcome : "lost";
    } catch (error) {
      if (attempt === 4) {
        log.warn({ ...fields, err: error }, "could not be settled; the lease will lapse");
        return "lost";
      }
      await pause(100 * 2 ** attempt);
    }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}
