import { Queue as Board, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { openRedis } from "../db/redis.ts";
import type { RunnerLog } from "./run-trigger.ts";

export interface Schedule {
  name: string;
  everyMinutes: number;
  run(tick: { at: Date; signal: AbortSignal }): Promise<void>;
}

export interface ClockDeps {
  redisUrl: string;
  log: RunnerLog;
}

export const CLOCK_BOARD = "rushes-clock";

/**
 * Calls each schedule at its interval: BullMQ job schedulers, so that of several processes one makes each call.
 * Schedules that a release no longer has are removed. Resolves after `signal`, when no call is running.
 */
export async function runClock(deps: ClockDeps, schedules: Schedule[], signal: AbortSignal): Promise<void> {
  const { log } = deps;
  const connection = boardConnection(deps.redisUrl);
  const board = new Board(CLOCK_BOARD, { connection });
  board.on("error", () => {});
  const byName = new Map(schedules.map((schedule) => [schedule.name, schedule]));
  const worker = new Worker(
    CLOCK_BOARD,
    async (job) => {
      const schedule = byName.get(job.name);
      if (!schedule) return;
      await schedule.run({ at: new Date(), signal });
    },
    { connection, concurrency: Math.max(1, schedules.length), autorun: false },
  );
  worker.on("error", (error) => log.warn({ err: error }, "the clock's Redis does not answer"));
  worker.on("failed", (job, error) =>
    log.error({ schedule: job?.name, err: error }, "a scheduled call failed"),
  );
  await whenAnswering(signal, log, async () => {
    for (const { name, everyMinutes } of schedules)
      await board.upsertJobScheduler(
        name,
        { every: Math.round(everyMinutes * 60_000) },
        { name, opts: { removeOnComplete: { count: 50 }, removeOnFail: { count: 200 } } },
      );
    for (const known of await board.getJobSchedulers(0, -1))
      if (!byName.has(known.name)) await board.removeJobScheduler(known.key);
  });
  if (!signal.aborted) {
    worker.run().catch((error: unknown) => log.error({ err: error }, "the clock stopped"));
    await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
  }
  await worker.close();
  await board.close();
  connection.disconnect();
}

/** BullMQ wants a connection that waits for Redis instead of failing, and blocks on it for longer than a deadline. */
export function boardConnection(redisUrl: string): Redis {
  return openRedis(redisUrl, { commandMs: null, silenceMs: null });
}

async function whenAnswering(signal: AbortSignal, log: RunnerLog, work: () => Promise<void>): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await work();
    } catch (error) {
      log.warn({ err: error }, "the schedules could not be set");
      await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** failures, 10_000)));
    }
  }
}
