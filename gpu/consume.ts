import type { Sql } from "#core/db/db.ts";
import { claimJob } from "#core/previews/claim-job.ts";
import { completeJob } from "#core/previews/complete-job.ts";
import { failJob } from "#core/previews/fail-job.ts";
import { handBackJob } from "#core/previews/hand-back-job.ts";
import {
  BuildFailure,
  type Claim,
  JOB_LEASE_MS,
  JOB_MAX_ATTEMPTS,
  type Progress,
} from "#core/previews/job.ts";
import { publishPlayable } from "#core/previews/publish-playable.ts";
import { beat, findBuilt, storeHashes } from "#core/previews/store.ts";
import type { Delivery, Queue } from "#core/queue/port.ts";
import { isFull } from "#core/storage/faults.ts";
import type { Log } from "#core/telemetry/log.ts";
import { build, type Witness } from "./build.ts";
import { ScratchFull } from "./scratch.ts";
import { sweepAttempts } from "./sweep-attempts.ts";
import type { Tools } from "./tools.ts";
import { type Turn, Turns } from "./turns.ts";

const interruptions = {
  shutdown: "the worker stops",
  room: "others cannot watch anything yet",
  lost: "the job is no longer ours",
};

/** Why a running build stops without an end of its own. */
export class Interrupted extends Error {
  override name = "Interrupted";
  readonly why: keyof typeof interruptions;
  constructor(why: keyof typeof interruptions) {
    super(interruptions[why]);
    this.why = why;
  }
}

export interface Consumer {
  tools: Tools;
  sql: Sql;
  queue: Queue;
  log: Log;
  /** Names this process in `claimed_by`. */
  worker: string;
  /** Builds that run to their end at a time; one more is begun for what nobody can watch yet. */
  concurrency: number;
  roomRetryMs: number;
  announce: (claim: Claim, progress: Progress & { state: string }) => void;
  /** Told how each build ended. */
  ended: (outcome: string, engine: string, seconds: number) => void;
}

const HEARTBEAT_MS = 2_000;
const BUSY_RETRY_MS = 5_000;
/** Between two looks whether there is room, as often as the copy of a master asks. */
export const ROOM_RETRY_MS = 20_000;

/** Takes hints and builds until `stop` aborts; then hands back what runs and resolves. */
export async function consume(consumer: Consumer, stop: AbortSignal): Promise<void> {
  const running = new Set<Promise<void>>();
  const turns = new Turns(consumer.concurrency);
  while (!stop.aborted) {
    if (turns.free === 0) {
      await turns.changed;
      continue;
    }
    const deliveries = await consumer.queue
      .receive({ max: turns.free, waitMs: 5_000, signal: stop })
      .catch(async (cause) => {
        consumer.log.warn({ fault: String(cause) }, "the queue does not answer");
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return [];
      });
    for (const delivery of deliveries) {
      const turn = turns.begin();
      const work: Promise<void> = handle(consumer, delivery, turns, turn, stop)
        .catch((cause) =>
          consumer.log.error({ fault: String(cause), job: delivery.body.id }, "a job could not be settled"),
        )
        .finally(() => {
          running.delete(work);
          turn.end();
        });
      running.add(work);
    }
  }
  await Promise.allSettled(running);
}

async function handle(
  consumer: Consumer,
  delivery: Delivery,
  turns: Turns,
  turn: Turn,
  stop: AbortSignal,
): Promise<void> {
  const claimed = await claimJob(consumer.sql, delivery.body.id, consumer.worker, {
    onlyUnseen: turn.isGuest,
  }).catch(async (cause) => {
    await delivery.retry({ delayMs: BUSY_RETRY_MS, reason: "the database did not answer", uncounted: true });
    throw cause;
  });
  if (claimed.kind === "over") {
    await delivery.ack();
    return;
  }
  if (claimed.kind === "busy") {
    await delivery.retry({
      delayMs: BUSY_RETRY_MS,
      reason: "another has it, or goes first",
      uncounted: true,
    });
    return;
  }
  const { claim } = claimed;
  turns.makeRoom();
  const started = performance.now();
  const log = consumer.log.child({ job: claim.jobId, version: claim.versionId, fence: claim.fence });
  const heart = startHeart(consumer, claim, delivery, { stop, room: turn.room });
  let engine = "none";
  let outcome = "fault";
  try {
    const built = await build(
      consumer.tools,
      claim,
      witnessOf(consumer, claim, heart, turn, log),
      heart.signal,
    );
    engine = built.preview.engine;
    outcome = (await completeJob(consumer.sql, claim, built)) ? "ready" : "lost";
    if (outcome === "lost") throw new Interrupted("lost");
    log.info(built.result, "preview ready");
    await delivery.ack();
    await tidy(log, () => sweepAttempts(consumer.tools.storage, claim, built.preview.prefix));
  } catch (cause) {
    outcome = await settle(consumer, claim, delivery, cause, log);
  } finally {
    heart.stop();
    consumer.ended(outcome, engine, (performance.now() - started) / 1000);
  }
}

/** Decides what an unfinished build means for its job, its version and its message. */
async function settle(
  consumer: Consumer,
  claim: Claim,
  delivery: Delivery,
  cause: unknown,
  log: Log,
): Promise<string> {
  const { sql } = consumer;
  if (cause instanceof Interrupted && cause.why === "lost") {
    log.warn("the job was taken over, cancelled or deleted");
    await sweepOwn(consumer, claim, log);
    await delivery.ack();
    return "lost";
  }
  if (cause instanceof Interrupted) {
    const isForRoom = cause.why === "room";
    await handBackJob(sql, claim, isForRoom ? "room" : "shutdown");
    const delayMs = isForRoom ? BUSY_RETRY_MS : 0;
    await delivery.retry({ delayMs, reason: cause.message, uncounted: true });
    log.info({ why: cause.message }, "handed back");
    return "handed-back";
  }
  const waiting = noRoom(cause);
  if (waiting) {
    log.warn({ fault: String(cause) }, "the build has to wait");
    // What it uploaded would only take room from the next try.
    await sweepOwn(consumer, claim, log);
    await handBackJob(sql, claim, { waiting });
    await delivery.retry({ delayMs: consumer.roomRetryMs, reason: waiting, uncounted: true });
    return "waiting";
  }
  if (cause instanceof BuildFailure) {
    log.warn({ code: cause.code, reason: cause.message }, "preview failed");
    await giveUp(consumer, claim, cause, log);
    await delivery.ack();
    return "failed";
  }
  log.error(
    { fault: String(cause), stack: cause instanceof Error ? cause.stack : undefined },
    "a build went wrong",
  );
  if (claim.attempt >= JOB_MAX_ATTEMPTS) {
    const reason = `The build failed ${claim.attempt} times for a reason of ours, not of the file. Try again later with "Rebuild"; if it goes on, tell your administrator the job ${claim.jobId}.`;
    await giveUp(consumer, claim, new BuildFailure("gave-up", reason), log);
    await delivery.ack();
    return "failed";
  }
  await handBackJob(sql, claim, "fault");
  await delivery.retry({
    delayMs: Math.min(60_000, 1_000 * 2 ** claim.attempt),
    reason: String(cause).slice(0, 200),
  });
  return "fault";
}

/** What a build waits for, in words for people. Undefined: that is not why it ended. */
function noRoom(cause: unknown): string | undefined {
  const isDisk =
    cause instanceof ScratchFull ||
    ["ENOSPC", "EDQUOT"].includes((cause as NodeJS.ErrnoException)?.code ?? "");
  if (!isDisk && !isFull(cause)) return undefined;
  return `The ${isDisk ? "disk of the preview worker" : "storage"} is full. Nothing is lost: the preview goes on by itself as soon as an administrator has made room.`;
}

/** Ends the job and removes what it had uploaded, but for what somebody may be watching: the sweep comes for that. */
async function giveUp(consumer: Consumer, claim: Claim, failure: BuildFailure, log: Log): Promise<void> {
  const { sql, tools } = consumer;
  await failJob(sql, claim, failure);
  await tidy(log, async () => {
    const [row] = await sql<
      { prefix: string | null }[]
    >`select prefix from preview_jobs where id = ${claim.jobId}`;
    await sweepAttempts(tools.storage, claim, row?.prefix ?? null);
  });
}

/** Removes what this claim uploaded, but for what people see meanwhile. */
async function sweepOwn({ sql, tools }: Consumer, claim: Claim, log: Log): Promise<void> {
  await tidy(log, async () =>
    sweepAttempts(tools.storage, claim, await shownMeanwhile(sql, claim), { onlyOwn: true }),
  );
}

/** What people see until the one who has the job now shows more. Null when nobody is to see anything of it. */
async function shownMeanwhile(sql: Sql, claim: Claim): Promise<string | null> {
  const [row] = await sql<{ prefix: string | null }[]>`
    select v.preview ->> 'prefix' as prefix from preview_jobs j join versions v on v.id = j.version_id
    where j.id = ${claim.jobId} and j.state in ('queued', 'running') and v.deleted_at is null`;
  return row?.prefix ?? null;
}

/** What stays behind takes room and nothing else: the doctor finds it, and the log says where it came from. */
async function tidy(log: Log, work: () => Promise<void>): Promise<void> {
  await work().catch((cause) =>
    log.warn({ fault: String(cause) }, "what an earlier try left in previews could not be removed"),
  );
}

interface Heart {
  signal: AbortSignal;
  note(progress: Progress, engine: string): void;
  lost(): never;
  stop(): void;
}

/** Renews row and message, and aborts the build as soon as the row is no longer ours. */
function startHeart(
  consumer: Consumer,
  claim: Claim,
  delivery: Delivery,
  signals: { stop: AbortSignal; room: AbortSignal },
): Heart {
  const controller = new AbortController();
  const abort = (why: Interrupted["why"]) => controller.abort(new Interrupted(why));
  const ended = new AbortController();
  const follow = (signal: AbortSignal, why: Interrupted["why"]) => {
    if (signal.aborted) abort(why);
    signal.addEventListener("abort", () => abort(why), { once: true, signal: ended.signal });
  };
  follow(signals.stop, "shutdown");
  follow(signals.room, "room");
  let latest: { progress: Progress; engine: string } | undefined;
  let lastBeat = performance.now();
  let lastExtend = performance.now();
  let isBeating = false;
  const timer = setInterval(async () => {
    if (isBeating) return;
    isBeating = true;
    const isOurs = await beat(consumer.sql, claim, latest?.progress, latest?.engine).catch(() => undefined);
    if (isOurs === true) lastBeat = performance.now();
    // A database that does not answer is no loss until the lease is over: then somebody else may have the job.
    if (isOurs === false || performance.now() - lastBeat > JOB_LEASE_MS) abort("lost");
    if (performance.now() - lastExtend > consumer.queue.leaseMs / 3) {
      lastExtend = performance.now();
      await delivery.extend().catch(() => "lost"); // a hint only
    }
    isBeating = false;
  }, HEARTBEAT_MS);
  return {
    signal: controller.signal,
    note(progress, engine) {
      latest = { progress, engine };
    },
    lost() {
      abort("lost");
      throw new Interrupted("lost");
    },
    stop() {
      clearInterval(timer);
      ended.abort();
    },
  };
}

const ANNOUNCE_MS = 500;

function witnessOf(consumer: Consumer, claim: Claim, heart: Heart, turn: Turn, log: Log): Witness {
  let state = claim.isRebuild ? "ready" : claim.shownPrefix ? "playable" : "building";
  let announced = 0;
  return {
    hashed: (hashes) => storeHashes(consumer.sql, claim.versionId, hashes),
    built: (key) => findBuilt(consumer.sql, key),
    async playable(shown) {
      if (!(await publishPlayable(consumer.sql, claim, shown))) heart.lost();
      if (state === "building") state = "playable";
    },
    mayWait: turn.mayWait,
    missed: (what, cause) => log.warn({ fault: String(cause) }, what),
    progress(progress, engine) {
      heart.note(progress, engine);
      if (performance.now() - announced < ANNOUNCE_MS) return;
      announced = performance.now();
      consumer.announce(claim, { ...progress, state });
    },
  };
}
