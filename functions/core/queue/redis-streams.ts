import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import { closeRedis, openRedis, runScript, script } from "../db/redis.ts";
import { decodeHint, encodeHint, type Hint } from "./hint.ts";
import {
  type DeadLetter,
  type Delivery,
  MAX_DELAY_MS,
  type Outgoing,
  type Queue,
  type QueueName,
  type QueueOptions,
  type QueueStats,
  queueDefaults,
  type Receive,
  reasonOf,
  type Settled,
} from "./port.ts";
import {
  enqueueScript,
  redriveScript,
  settleScript,
  statsScript,
  takeScript,
  tidyScript,
} from "./redis-scripts.ts";

const group = "workers";
/** The longest blocking read. It bounds how late a due retry or a lapsed lease is noticed, and how long an abort takes. */
const TICK_MS = 200;
/** A consumer without entries that was silent this long belonged to a process that is gone. */
const GONE_MS = 3_600_000;

/** Nobody waits for an answer here, and a job that is done should not be repeated because its ack took a second. */
const patience = { commandMs: 5_000, silenceMs: 6_000 };
/** An entry that is ours, though no answer that came in time has named it: its answer was lost. */
const ASTRAY_MS = patience.commandMs + 1_000;

const scripts = {
  enqueue: script(enqueueScript),
  take: script(takeScript),
  settle: script(settleScript),
  redrive: script(redriveScript),
  stats: script(statsScript),
  tidy: script(tidyScript),
};

const takenSchema = z.tuple([
  z.array(z.tuple([z.string(), z.string(), z.string(), z.coerce.number(), z.number()])),
  z.number(),
]);
const readSchema = z
  .array(z.tuple([z.string(), z.array(z.tuple([z.string(), z.array(z.string())]))]))
  .nullable();
const statsSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);

interface Entry {
  id: string;
  key: string;
  body: string;
  /** Attempts used before this entry was written. */
  used: number;
  /** How often the group delivered this entry, this time included. */
  deliveries: number;
}

export interface RedisQueueConfig {
  REDIS_URL: string;
}

/** One consumer name for the process, one connection for commands and one of its own for blocking reads. */
export function openRedisQueue(config: RedisQueueConfig, name: QueueName, options: QueueOptions = {}): Queue {
  const { leaseMs, maxAttempts, maxLeaseMs } = { ...queueDefaults[name], ...options };
  const commands = openRedis(config.REDIS_URL, patience);
  const blocking = openRedis(config.REDIS_URL, patience);
  const consumer = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  // The stream is named like the queue; the braces put its companions into the same slot of a cluster.
  const keys = [name, `{${name}}:delayed`, `{${name}}:dead`];
  const [streamKey = "", , deadKey = ""] = keys;
  const closing = new AbortController();
  let closed = false;
  const receiving = new Set<Promise<unknown>>();
  /** What this process works on, and when it last heard that it is its own. */
  const held = new Map<string, { entry: Entry; at: number }>();

  async function settle(entry: Entry, verb: string, ...args: (string | number)[]): Promise<Settled> {
    if (closed) return "lost";
    const mine = held.get(entry.id);
    if (verb !== "extend" && mine?.entry === entry) held.delete(entry.id);
    const done = await runScript(commands, scripts.settle, keys, [
      group,
      consumer,
      entry.id,
      entry.deliveries,
      verb,
      ...args,
    ]);
    if (done !== 1) return "lost";
    if (mine) mine.at = performance.now();
    return "ok";
  }

  function handBack(entry: Entry, delayMs: number, reason: string): Promise<Settled> {
    return settle(entry, "retry", delayMs, entry.used + entry.deliveries - 1, reason, randomUUID());
  }

  function deliver(entry: Entry, body: Hint): Delivery {
    const attempt = entry.used + entry.deliveries;
    const maxLeaseUntil = Date.now() + maxLeaseMs;
    const endsAt = performance.now() + maxLeaseMs;
    held.set(entry.id, { entry, at: performance.now() });
    return {
      key: entry.key,
      body,
      attempt,
      maxLeaseUntil,
      extend: async () => (performance.now() + leaseMs > endsAt ? "lost" : settle(entry, "extend")),
      ack: () => settle(entry, "ack"),
      retry: ({ delayMs, reason, uncounted = false }) => {
        if (uncounted) return handBack(entry, delayMs, reason);
        if (attempt >= maxAttempts) return settle(entry, "bury", attempt, reasonOf(reason));
        return settle(entry, "retry", Math.min(delayMs, MAX_DELAY_MS), attempt, reason, randomUUID());
      },
      bury: (reason) => settle(entry, "bury", attempt, reasonOf(reason)),
    };
  }

  /** What no release can read is dead at once; what a newer release wrote waits for a newer worker. */
  async function open(entries: Entry[]): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    for (const entry of entries) {
      const decoded = decodeHint(entry.body);
      if (decoded.kind === "hint") deliveries.push(deliver(entry, decoded.hint));
      else if (decoded.kind === "newer")
        await handBack(entry, 5_000, `body version ${decoded.version} is newer`);
      else await settle(entry, "bury", entry.used + entry.deliveries, "the body cannot be read");
    }
    return deliveries;
  }

  async function take(max: number): Promise<{ entries: Entry[]; nextDueMs: number }> {
    for (const [id, { at }] of held) if (performance.now() - at > leaseMs) held.delete(id);
    const limits = [max, leaseMs, maxAttempts, ASTRAY_MS];
    const raw = await runScript(commands, scripts.take, keys, [group, consumer, ...limits, ...held.keys()]);
    const [rows, nextDueMs] = takenSchema.parse(raw);
    return {
      entries: rows.map(([id, key, body, used, deliveries]) => ({ id, key, body, used, deliveries })),
      nextDueMs,
    };
  }

  async function readBlocking(max: number, blockMs: number): Promise<Entry[]> {
    try {
      const raw = await blocking.xreadgroup(
        "GROUP",
        group,
        consumer,
        "COUNT",
        max,
        "BLOCK",
        Math.max(1, Math.ceil(blockMs)),
        "STREAMS",
        streamKey,
        ">",
      );
      const rows = readSchema.parse(raw)?.[0]?.[1] ?? [];
      return rows.map(([id, list]) => {
        const fields = pairs(list);
        return { id, key: fields.k ?? "", body: fields.b ?? "", used: Number(fields.a) || 0, deliveries: 1 };
      });
    } catch (error) {
      // The stream was emptied under us: the next take makes the group again, at 0.
      if (error instanceof Error && /^(NOGROUP|UNBLOCKED)/.test(error.message)) return [];
      throw error;
    }
  }

  async function receiveOnce({ max, waitMs, signal }: Receive): Promise<Delivery[]> {
    const stop = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    const until = performance.now() + waitMs;
    while (!stop.aborted) {
      const { entries, nextDueMs } = await take(max);
      const taken = await open(entries);
      if (taken.length > 0) return taken;
      const leftMs = until - performance.now();
      if (leftMs <= 0) return [];
      const dueMs = nextDueMs < 0 ? TICK_MS : nextDueMs;
      const read = await open(await readBlocking(max, Math.min(leftMs, TICK_MS, dueMs)));
      if (read.length > 0) return read;
    }
    return [];
  }

  return {
    name,
    leaseMs,

    async enqueue(messages: Outgoing[]) {
      for (let at = 0; at < messages.length; at += 200) {
        const args = messages
          .slice(at, at + 200)
          .flatMap(({ key, body, delayMs = 0 }) => [key, encodeHint(body), Math.min(delayMs, MAX_DELAY_MS)]);
        await runScript(commands, scripts.enqueue, keys, [randomUUID(), ...args]);
      }
    },

    async receive(how: Receive) {
      if (closing.signal.aborted) return [];
      const running = receiveOnce(how);
      const settled = running.catch(() => {}).finally(() => receiving.delete(settled));
      receiving.add(settled);
      return running;
    },

    async stats(): Promise<QueueStats> {
      const raw = await runScript(commands, scripts.stats, keys, [group]);
      const [ready, delayed, leased, dead] = statsSchema.parse(raw);
      return { ready, delayed, leased, dead };
    },

    async dead(limit = 100): Promise<DeadLetter[]> {
      const rows = await commands.xrange(deadKey, "-", "+", "COUNT", limit);
      return rows.map(([deadId, list]) => {
        const fields = pairs(list);
        const decoded = decodeHint(fields.b ?? "");
        return {
          deadId,
          key: fields.k ?? "",
          rawBody: fields.b ?? "",
          hint: decoded.kind === "hint" ? decoded.hint : null,
          attempts: Number(fields.a ?? 0),
          reason: fields.r ?? "",
          at: new Date(Number(fields.t ?? 0)),
        };
      });
    },

    async redrive(deadIds?: string[]) {
      const move = async (ids: string[]) =>
        z.number().parse(await runScript(commands, scripts.redrive, keys, ids));
      if (deadIds) return deadIds.length === 0 ? 0 : move(deadIds);
      let moved = 0;
      for (;;) {
        const rows = await commands.xrange(deadKey, "-", "+", "COUNT", 200);
        if (rows.length === 0) return moved;
        moved += await move(rows.map(([id]) => id));
      }
    },

    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await Promise.race([Promise.all(receiving), new Promise((done) => setTimeout(done, 2 * TICK_MS))]);
      closed = true;
      await runScript(commands, scripts.tidy, keys, [group, consumer, GONE_MS]).catch(() => {}); // others tidy too
      await Promise.all([closeRedis(commands), closeRedis(blocking)]);
    },
  };
}

function pairs(list: string[]): Record<string, string | undefined> {
  const fields: Record<string, string | undefined> = {};
  for (let i = 0; i + 1 < list.length; i += 2) fields[list[i] ?? ""] = list[i + 1];
  return fields;
}
