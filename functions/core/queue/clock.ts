import { setTimeout as pause } from "node:timers/promises";
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

/** How often each process looks whether the schedules are still there. */
const LOOK_MS = 30_000;
/** How long a round is somebody's without a word from its process. */
const TURN_MS = 15_000;

/**
 * Calls each schedule at its interval: BullMQ job schedulers, so that of several processes one makes each call. No
 * second round joins one that outlasts its interval. Resolves after `signal`, when no call is running or each had its time.
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
      if (schedule) await inTurn(connection, job.name, () => schedule.run({ at: new Date(), signal }));
    },
    { connection, concurrency: Math.max(1, schedules.length) },
  );
  worker.on("error", (error) => log.warn({ err: error }, "the clock's Redis does not answer"));
  worker.on("failed", (job, error) =>
    log.error({ schedule: job?.name, err: error }, "a scheduled call failed"),
  );
  const stopped = new Promise((done) => signal.addEventListener("abort", done, { once: true }));
  const lookMs = Math.min(LOOK_MS, ...schedules.map(intervalOf));
  let isKnown = false;
  while (!signal.aborted) {
    const looked = keepSchedules(board, schedules)
      .then(async () => {
        if (!isKnown) await dropOthers(board, byName);
        isKnown = true;
      })
      .catch((error: unknown) => log.warn({ err: error }, "the schedules could not be set"));
    await Promise.race([looked, stopped]);
    await pause(lookMs, undefined, { signal }).catch(() => {});
  }
  await closeBoards(connection, [worker, board]);
}

const intervalOf = ({ everyMinutes }: Schedule): number => Math.round(everyMinutes * 60_000);

/**
 * Sets what is missing, as after Redis was emptied. A next call far from now means that a clock was set back or forth:
 * finished calls then occupy the minutes to come, so everything is set anew.
 */
async function keepSchedules(board: Board, schedules: Schedule[]): Promise<void> {
  const known = new Map((await board.getJobSchedulers(0, -1)).map((one) => [one.key, one]));
  const isAstray = schedules.some((schedule) => {
    const next = known.get(schedule.name)?.next;
    return next !== undefined && Math.abs(next - Date.now()) > 2 * intervalOf(schedule) + LOOK_MS;
  });
  if (isAstray) {
    await board.obliterate({ force: true });
    known.clear();
  }
  for (const schedule of schedules) {
    const { name } = schedule;
    const every = intervalOf(schedule);
    if (known.get(name)?.every === every) continue;
    const opts = { removeOnComplete: { count: 50 }, removeOnFail: { count: 200 } };
    await board.upsertJobScheduler(name, { every }, { name, opts });
  }
}

/** Once, at the start: schedules that this release no longer has. */
async function dropOthers(board: Board, schedules: Map<string, Schedule>): Promise<void> {
  for (const { key } of await board.getJobSchedulers(0, -1))
    if (!schedules.has(key)) await board.removeJobScheduler(key);
}

/**
 * Skips the round if another is running. One whose process died holds up the next for `TURN_MS`. A courtesy, no lock:
 * when Redis loses the turn a second round runs beside the first, and every round may.
 */
async function inTurn(redis: Redis, name: string, round: () => Promise<void>): Promise<void> {
  const key = `clock:${name}`;
  if ((await redis.set(key, process.pid, "PX", TURN_MS, "NX")) !== "OK") return;
  const renew = () => redis.set(key, process.pid, "PX", TURN_MS).catch(() => {}); // tried again in a moment
  const renewal = setInterval(renew, TURN_MS / 3);
  try {
    await round();
  } finally {
    clearInterval(renewal);
    await redis.del(key).catch(() => {}); // it runs out by itself
  }
}

/** BullMQ wants a connection that waits for Redis instead of failing, and blocks on it for longer than a deadline. */
export function boardConnection(redisUrl: string): Redis {
  return openRedis(redisUrl, { commandMs: null, silenceMs: null });
}

/** For what runs to end, and for a Redis that does not answer: BullMQ would wait for it as long as the process lives. */
const LEAVE_MS = 5_000;

export async function closeBoards(connection: Redis, parts: { close(): Promise<void> }[]): Promise<void> {
  const closed = Promise.allSettled(parts.map((part) => part.close()));
  const patience = new AbortController();
  await Promise.race([closed, pause(LEAVE_MS, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  connection.disconnect();
}
