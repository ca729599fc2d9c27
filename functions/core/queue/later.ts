import { Queue as Board, Worker } from "bullmq";
import { boardConnection, closeBoards } from "./clock.ts";
import { hintOf } from "./hint.ts";
import { MAX_DELAY_MS, type QueueName } from "./port.ts";
import type { Queues } from "./relay.ts";
import type { RunnerLog } from "./run-trigger.ts";

/**
 * Hints for a time beyond the 15 minutes a queue can wait. Best effort and never throws: the row in Postgres knows
 * when it is due, and the reconciler looks.
 */
export interface Later {
  hint(queue: QueueName, id: string, delayMs: number): Promise<void>;
  close(): Promise<void>;
}

export const LATER_BOARD = "rushes-later";

/** Self-hosted: BullMQ keeps the time, so that what is to come can be seen on its board. */
export function openLater(redisUrl: string, log: RunnerLog): Later {
  const connection = boardConnection(redisUrl);
  const board = new Board(LATER_BOARD, { connection });
  board.on("error", () => {});
  return {
    async hint(queue, id, delayMs) {
      const adding = board.add(
        queue,
        { id },
        {
          delay: delayMs,
          attempts: 5,
          backoff: { type: "exponential", delay: 1_000 },
          removeOnComplete: true,
        },
      );
      await within(2_000, adding).catch((error: unknown) =>
        log.warn({ queue, id, err: error }, "not noted for later"),
      );
    },
    close: () => closeBoards(connection, [board]),
  };
}

/** Without a process that could keep the time: what a queue can wait for waits there, the rest is the reconciler's. */
export function queueLater(queues: Queues, log: RunnerLog): Later {
  return {
    async hint(queue, id, delayMs) {
      if (delayMs > MAX_DELAY_MS) return;
      await queues[queue]
        .enqueue([{ key: id, body: hintOf(id), delayMs }])
        .catch((error: unknown) => log.warn({ queue, id, err: error }, "not noted for later"));
    },
    close: async () => {},
  };
}

/** Turns what is due into hints until `signal`. Any number of processes may do so. */
export async function runLater(
  { redisUrl, queues, log }: { redisUrl: string; queues: Queues; log: RunnerLog },
  signal: AbortSignal,
): Promise<void> {
  const connection = boardConnection(redisUrl);
  const worker = new Worker<{ id: string }, void, QueueName>(
    LATER_BOARD,
    async (job) => queues[job.name].enqueue([{ key: job.data.id, body: hintOf(job.data.id) }]),
    { connection, concurrency: 20 },
  );
  worker.on("error", (error) => log.warn({ err: error }, "the hints for later: Redis does not answer"));
  worker.on("failed", (job, error) => log.error({ id: job?.data.id, err: error }, "a hint for later failed"));
  if (!signal.aborted) await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
  await closeBoards(connection, [worker]);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
