/**
 * The queue port. Postgres is the truth; a message is a hint that carries an id, so losing or repeating
 * one changes nothing but latency. Two adapters keep the same promises: Redis Streams and SQS.
 */
import type { Hint } from "./hint.ts";

export const queueNames = ["previews:build", "masters:copy", "webhooks:deliver", "edge:purge"] as const;
export type QueueName = (typeof queueNames)[number];

/** SQS refuses a longer delay; Redis follows, so that both stay interchangeable. */
export const MAX_DELAY_MS = 900_000;

export interface Outgoing {
  /** What the message is about, for people and logs. Two messages may share a key. */
  key: string;
  body: Hint;
  /** 0..900000 ms before anybody may receive it. */
  delayMs?: number;
}

/** A hint only: `lost` says that somebody else may own the job now. The fence in Postgres decides. */
export type Settled = "ok" | "lost";

export interface Retry {
  delayMs: number;
  reason: string;
  /** A hand-back (shutdown, no capacity): the delivery does not count as an attempt. */
  uncounted?: boolean;
}

export interface Delivery {
  readonly key: string;
  readonly body: Hint;
  /** 1 for the first delivery. A lapsed lease and a counted retry add one, a heartbeat does not. */
  readonly attempt: number;
  /** Epoch ms after which `extend` answers `lost`, however lively the owner is. */
  readonly maxLeaseUntil: number;
  /** Renews the lease to the queue's full length from now. */
  extend(): Promise<Settled>;
  ack(): Promise<Settled>;
  /** Past the attempt limit this buries the message with the same reason. */
  retry(how: Retry): Promise<Settled>;
  bury(reason: string): Promise<Settled>;
}

export interface Receive {
  max: number;
  waitMs: number;
  signal?: AbortSignal;
}

/** Every message is in exactly one of the four. SQS approximates and counts a delayed retry as leased. */
export interface QueueStats {
  ready: number;
  delayed: number;
  leased: number;
  dead: number;
}

const unprintable = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** What a dead letter keeps of a reason: SQS refuses control characters, and nobody reads more of it. */
export const reasonOf = (text: string): string => text.slice(0, 1_000).replace(unprintable, "\ufffd");

export interface DeadLetter {
  /** Names this dead letter for `redrive`. */
  deadId: string;
  key: string;
  /** As it was sent; it may be what no release understands. */
  rawBody: string;
  /** Null when the body cannot be read. */
  hint: Hint | null;
  attempts: number;
  reason: string;
  at: Date;
}

export interface Queue {
  readonly name: QueueName;
  readonly leaseMs: number;
  /** Resolves after the broker accepted every message. */
  enqueue(messages: Outgoing[]): Promise<void>;
  /** Up to `max` deliveries; an empty list after `waitMs`, on abort or after `close`. */
  receive(how: Receive): Promise<Delivery[]>;
  stats(): Promise<QueueStats>;
  /** The oldest `limit` (default 100) dead letters. */
  dead(limit?: number): Promise<DeadLetter[]>;
  /** Puts the named dead letters, or all of them, back with no attempts used. Answers how many moved. */
  redrive(deadIds?: string[]): Promise<number>;
  /** Ends waiting receives. Jobs still in flight keep their lease until it lapses, then go to somebody else. */
  close(): Promise<void>;
}

export interface QueueOptions {
  /** How long a delivery is ours without a heartbeat. */
  leaseMs?: number;
  /** The last attempt that may run; what fails after it is dead. */
  maxAttempts?: number;
  /** The longest one delivery may be extended in all. */
  maxLeaseMs?: number;
}

export const queueDefaults: Record<QueueName, Required<QueueOptions>> = {
  "previews:build": { leaseMs: 30_000, maxAttempts: 5, maxLeaseMs: 11.5 * 3_600_000 },
  "masters:copy": { leaseMs: 30_000, maxAttempts: 8, maxLeaseMs: 11.5 * 3_600_000 },
  "webhooks:deliver": { leaseMs: 60_000, maxAttempts: 5, maxLeaseMs: 3_600_000 },
  "edge:purge": { leaseMs: 30_000, maxAttempts: 10, maxLeaseMs: 3_600_000 },
};
