import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { z } from "zod";
import { inTransaction, type Pool, type Sql } from "../db/db.ts";
import { publishLive, publishStored } from "../events/live.ts";
import { appendEvents, type OutboxEvent, outboxEventSchema } from "../events/log.ts";
import { decodeHint, HINT_VERSION } from "./hint.ts";
import { NUDGE_CHANNEL } from "./nudge.ts";
import { type Queue, type QueueName, queueNames } from "./port.ts";
import type { RunnerLog } from "./run-trigger.ts";

export type Queues = Record<QueueName, Queue>;

export interface RelayDeps {
  sql: Pool;
  redis: Redis;
  queues: Queues;
  log: RunnerLog;
  /** Called in the transaction that stores the events, for whoever must hear of each exactly once. */
  onEvents?: (sql: Sql, events: OutboxEvent[]) => Promise<void>;
}

const POLL_MS = 75;
const BATCH = 100;
/** Any number: one relay at a time numbers events, so that their order is the order of the outbox. */
const eventLock = 7_265_687_352;

/** Moves outbox rows until `signal` aborts. Any number of relays may run at once. */
export async function runRelay(deps: RelayDeps, signal: AbortSignal): Promise<void> {
  const { redis, log } = deps;
  const ears = redis.duplicate({ commandTimeout: 2_000 });
  let wake = new AbortController();
  ears.on("error", () => {}); // a nudge only saves the wait for the next poll
  ears.on("message", () => wake.abort());
  ears.subscribe(NUDGE_CHANNEL).catch(() => {}); // as above
  const stop = () => wake.abort();
  signal.addEventListener("abort", stop, { once: true });
  let failures = 0;
  try {
    while (!signal.aborted) {
      wake = new AbortController();
      try {
        const moved = (await relayEvents(deps)) + (await relayNotices(deps)) + (await relayHints(deps));
        failures = 0;
        if (moved > 0) continue;
      } catch (error) {
        failures += 1;
        log.warn({ err: error }, "the relay could not move the outbox");
      }
      const waitMs = failures === 0 ? POLL_MS : Math.min(POLL_MS * 2 ** failures, 2_000);
      await pause(waitMs, undefined, { signal: wake.signal }).catch(() => {});
    }
  } finally {
    signal.removeEventListener("abort", stop);
    ears.disconnect();
  }
}

const hintRowSchema = z.object({ id: z.number(), key: z.string(), body: z.unknown() });

/**
 * Publishes a batch of hints of each queue and commits it by itself, so that a queue that takes nothing holds up no
 * other. Throws when nothing could be moved. What names no queue of this release waits for the relay of the next.
 */
export async function relayHints(deps: Omit<RelayDeps, "redis">): Promise<number> {
  const { sql, log } = deps;
  const waiting = await sql<{ topic: QueueName }[]>`
    select name as topic from unnest(${[...queueNames]}::text[]) as queues (name)
    where exists (select 1 from outbox where topic = name)`;
  const moved = await Promise.allSettled(waiting.map(({ topic }) => relayQueue(deps, topic)));
  const total = moved.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value : 0), 0);
  for (const [index, one] of moved.entries()) {
    if (one.status === "fulfilled") continue;
    if (total === 0) throw one.reason;
    log.warn({ err: one.reason, queue: waiting[index]?.topic }, "a queue takes no hints");
  }
  return total;
}

/**
 * A crash between publishing and commit repeats hints; none is lost. Rows are claimed with SKIP LOCKED, never by
 * `id > last`: a transaction with a lower id may commit later. Bodies of the next release are left to its relay.
 */
async function relayQueue({ sql, queues, log }: Omit<RelayDeps, "redis">, topic: QueueName): Promise<number> {
  return inTransaction(sql, async (tx) => {
    const rows = hintRowSchema.array().parse(
      await tx`delete from outbox where id in (
        select id from outbox where topic = ${topic} and not coalesce(body->'v' > ${HINT_VERSION}::text::jsonb, false)
        order by id limit ${BATCH} for update skip locked
      ) returning id, key, body`,
    );
    rows.sort((a, b) => a.id - b.id);
    const messages = rows.flatMap((row) => {
      const decoded = decodeHint(JSON.stringify(row.body));
      if (decoded.kind === "hint") return [{ key: row.key, body: decoded.hint }];
      log.error({ topic, key: row.key }, "an outbox row carries no hint; dropped");
      return [];
    });
    if (messages.length > 0) await queues[topic].enqueue(messages);
    return rows.length;
  });
}

/**
 * Numbers a batch of events without gaps and stores them, then tells who listens now. Listeners that miss the
 * publication read the log, so it happens after commit.
 */
export async function relayEvents({
  sql,
  redis,
  onEvents,
}: Omit<RelayDeps, "queues" | "log">): Promise<number> {
  const stored = await inTransaction(sql, async (tx) => {
    const [lock] = await tx<{ held: boolean }[]>`select pg_try_advisory_xact_lock(${eventLock}) as held`;
    if (!lock?.held) return [];
    const rows = await tx<{ id: number; body: unknown }[]>`delete from outbox where id in (
      select id from outbox where topic = 'event' order by id limit ${BATCH} for update skip locked
    ) returning id, body`;
    if (rows.length === 0) return [];
    const events = [...rows].sort((a, b) => a.id - b.id).map((row) => outboxEventSchema.parse(row.body));
    const numbered = await appendEvents(tx, events);
    await onEvents?.(tx, events);
    return numbered;
  });
  await publishStored(redis, stored);
  return stored.length;
}

/** Tells people, in rooms of their own, that there is something to look at. It is kept elsewhere: a lost word is late, not lost. */
export async function relayNotices({ sql, redis }: Pick<RelayDeps, "sql" | "redis">): Promise<number> {
  const rows = await sql<{ key: string }[]>`delete from outbox where id in (
      select id from outbox where topic = 'notice' order by id limit ${BATCH} for update skip locked
    ) returning key`;
  for (const personId of new Set(rows.map(({ key }) => key)))
    await publishLive(redis, personId, { type: "notice", data: {} });
  return rows.length;
}
