import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { z } from "zod";
import { inTransaction, type Pool, type Sql } from "../db/db.ts";
import { publishLive, publishStored } from "../events/live.ts";
import { appendEvents, type OutboxEvent, outboxEventSchema } from "../events/log.ts";
import { decodeHint } from "./hint.ts";
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

const hintRowSchema = z.object({ id: z.number(), topic: z.string(), key: z.string(), body: z.unknown() });

/**
 * Publishes a batch of hints and commits. A crash between the two repeats hints; none is lost. Rows are claimed with
 * SKIP LOCKED, never by `id > last`: a transaction with a lower id may commit later.
 */
export async function relayHints({ sql, queues, log }: Omit<RelayDeps, "redis">): Promise<number> {
  return inTransaction(sql, async (tx) => {
    const rows = hintRowSchema.array().parse(
      await tx`delete from outbox where id in (
        select id from outbox where topic not in ('event', 'notice') order by id limit ${BATCH} for update skip locked
      ) returning id, topic, key, body`,
    );
    rows.sort((a, b) => a.id - b.id);
    const known = new Set<string>(queueNames);
    for (const row of rows)
      if (!known.has(row.topic))
        log.error({ topic: row.topic, key: row.key }, "an outbox row names no queue; dropped");
    await Promise.all(
      queueNames.map(async (name) => {
        const messages = rows
          .filter((row) => row.topic === name)
          .flatMap((row) => {
            const decoded = decodeHint(JSON.stringify(row.body));
            if (decoded.kind === "hint") return [{ key: row.key, body: decoded.hint }];
            log.error({ topic: row.topic, key: row.key }, "an outbox row carries no hint; dropped");
            return [];
          });
        if (messages.length > 0) await queues[name].enqueue(messages);
      }),
    );
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
