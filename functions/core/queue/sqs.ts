import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { decodeHint, encodeHint, type Hint } from "./hint.ts";
import {
  type DeadLetter,
  type Delivery,
  MAX_DELAY_MS,
  type Outgoing,
  type Queue,
  type QueueName,
  type QueueOptions,
  queueDefaults,
  type Receive,
  type Settled,
} from "./port.ts";
import { openSqs, POLL_SECONDS, queueUrl, type SqsQueueConfig, sqsName } from "./sqs-client.ts";

export type { SqsQueueConfig } from "./sqs-client.ts";

/** How long dead letters are hidden from others while they are listed or moved. */
const DEAD_LEASE_SECONDS = 30;
const BATCH = 10;

interface Held {
  key: string;
  body: string;
  /** Attempts used before this message was sent. */
  used: number;
  attempt: number;
  receipt: string;
  /** On the monotonic clock: SQS honours a stale receipt more often than it should, so we count ourselves. */
  leasedUntil: number;
}

export interface SqsQueue extends Queue {
  /** Deliveries of messages that somebody else received just now: Lambda does the polling there. */
  adopt(messages: Message[]): Promise<Delivery[]>;
}

/** The visibility timeout is the lease. It is counted in whole seconds, so is every delay: rounded up, never early. */
export function openSqsQueue(config: SqsQueueConfig, name: QueueName, options: QueueOptions = {}): SqsQueue {
  const { leaseMs, maxAttempts, maxLeaseMs } = { ...queueDefaults[name], ...options };
  const leaseSeconds = Math.ceil(leaseMs / 1_000);
  const client = openSqs(config);
  const closing = new AbortController();
  let closed = false;
  const polls = new Set<Promise<unknown>>();
  const urls = new Map<string, Promise<string>>();

  function url(dead = false): Promise<string> {
    const wanted = sqsName(config, name, dead);
    const known = urls.get(wanted) ?? queueUrl(client, wanted);
    urls.set(wanted, known);
    known.catch(() => urls.delete(wanted));
    return known;
  }

  async function remove(QueueUrl: string, ReceiptHandle: string) {
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }

  async function show(QueueUrl: string, ReceiptHandle: string, VisibilityTimeout: number) {
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  }

  /** Runs one settling call, unless our own clock says that the lease is over. */
  async function settle(held: Held, work: () => Promise<void>): Promise<Settled> {
    if (closed || performance.now() >= held.leasedUntil) return "lost";
    try {
      await work();
      return "ok";
    } catch (error) {
      if (error instanceof Error && /NotInflight|ReceiptHandle|InvalidParameter/.test(error.name))
        return "lost";
      throw error;
    }
  }

  /** Send, then delete: a crash between the two repeats a message, it never loses one. */
  function bury(held: Held, reason: string): Promise<Settled> {
    return settle(held, async () => {
      await client.send(
        new SendMessageCommand({
          QueueUrl: await url(true),
          MessageBody: held.body,
          MessageAttributes: attributes({ key: held.key, used: held.attempt, reason, at: Date.now() }),
        }),
      );
      await remove(await url(), held.receipt);
    });
  }

  /** SQS cannot take back a receive count, so an uncounted return is a new message with the old count. */
  function handBack(held: Held, delayMs: number): Promise<Settled> {
    return settle(held, async () => {
      await client.send(
        new SendMessageCommand({
          QueueUrl: await url(),
          MessageBody: held.body,
          DelaySeconds: delaySeconds(delayMs),
          MessageAttributes: attributes({ key: held.key, used: held.attempt - 1 }),
        }),
      );
      await remove(await url(), held.receipt);
    });
  }

  function deliver(held: Held, body: Hint): Delivery {
    const maxLeaseUntil = Date.now() + maxLeaseMs;
    return {
      key: held.key,
      body,
      attempt: held.attempt,
      maxLeaseUntil,
      async extend() {
        if (Date.now() + leaseMs > maxLeaseUntil) return "lost";
        const from = performance.now();
        const settled = await settle(held, async () => show(await url(), held.receipt, leaseSeconds));
        if (settled === "ok") held.leasedUntil = from + leaseSeconds * 1_000;
        return settled;
      },
      async ack() {
        const settled = await settle(held, async () => remove(await url(), held.receipt));
        held.leasedUntil = 0;
        return settled;
      },
      async retry({ delayMs, reason, uncounted = false }) {
        const settled = uncounted
          ? await handBack(held, delayMs)
          : held.attempt >= maxAttempts
            ? await bury(held, reason)
            : await settle(held, async () => show(await url(), held.receipt, delaySeconds(delayMs)));
        held.leasedUntil = 0;
        return settled;
      },
      async bury(reason) {
        const settled = await bury(held, reason);
        held.leasedUntil = 0;
        return settled;
      },
    };
  }

  async function open(messages: Message[], from: number): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    for (const message of messages) {
      const { key, used } = read(message);
      const held: Held = {
        key,
        body: message.Body ?? "",
        used,
        attempt: used + Number(message.Attributes?.ApproximateReceiveCount ?? 1),
        receipt: message.ReceiptHandle ?? "",
        leasedUntil: from + leaseSeconds * 1_000,
      };
      const decoded = decodeHint(held.body);
      if (held.attempt > maxAttempts) {
        const last = held.attempt - 1;
        held.attempt = last;
        await bury(held, `the lease lapsed on attempt ${last} of ${maxAttempts}: its worker stopped or hung`);
      } else if (decoded.kind === "hint") deliveries.push(deliver(held, decoded.hint));
      else if (decoded.kind === "newer") await handBack(held, 5_000);
      else await bury(held, "the body cannot be read");
    }
    return deliveries;
  }

  async function poll(max: number, waitSeconds: number): Promise<Delivery[]> {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: await url(),
        MaxNumberOfMessages: Math.min(BATCH, max),
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: leaseSeconds,
        MessageSystemAttributeNames: ["ApproximateReceiveCount"],
        MessageAttributeNames: ["All"],
      }),
    );
    return open(Messages, performance.now());
  }

  /** A poll that nobody waits for any more still runs out, and what it brings goes straight back. */
  function abandonable(running: Promise<Delivery[]>, stop: AbortSignal): Promise<Delivery[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Delivery[]>();
    let left = false;
    const leave = () => {
      left = true;
      resolve([]);
    };
    stop.addEventListener("abort", leave, { once: true });
    const over = running
      .then(async (deliveries) => {
        if (!left) return resolve(deliveries);
        for (const one of deliveries) await one.retry({ delayMs: 0, reason: "handed back", uncounted: true });
      })
      .catch(reject)
      .finally(() => {
        stop.removeEventListener("abort", leave);
        polls.delete(over);
      });
    polls.add(over);
    return promise;
  }

  async function send(messages: Outgoing[]): Promise<void> {
    const entries = messages.map(({ key, body, delayMs = 0 }, index) => ({
      Id: String(index),
      MessageBody: encodeHint(body),
      DelaySeconds: delaySeconds(delayMs),
      MessageAttributes: attributes({ key, used: 0 }),
    }));
    const sent = await client.send(new SendMessageBatchCommand({ QueueUrl: await url(), Entries: entries }));
    const failed = sent.Failed ?? [];
    if (failed.length > 0)
      throw new Error(
        `SQS refused ${failed.length} of ${messages.length} messages: ${failed[0]?.Message ?? failed[0]?.Code}`,
      );
  }

  /** Leases dead letters page by page until `limit` were seen or none is left; the caller releases or moves each. */
  async function leaseDead(limit: number): Promise<Message[]> {
    const seen = new Map<string, Message>();
    while (seen.size < limit) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: await url(true),
          MaxNumberOfMessages: Math.min(BATCH, limit - seen.size),
          WaitTimeSeconds: 1,
          VisibilityTimeout: DEAD_LEASE_SECONDS,
          MessageSystemAttributeNames: ["ApproximateReceiveCount", "SentTimestamp"],
          MessageAttributeNames: ["All"],
        }),
      );
      if (Messages.length === 0) break;
      for (const message of Messages) seen.set(message.MessageId ?? "", message);
    }
    return [...seen.values()];
  }

  async function release(messages: Message[]) {
    const dead = await url(true);
    await Promise.all(messages.map((message) => show(dead, message.ReceiptHandle ?? "", 0)));
  }

  async function counts(dead: boolean) {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl: await url(dead),
        AttributeNames: [
          "ApproximateNumberOfMessages",
          "ApproximateNumberOfMessagesNotVisible",
          "ApproximateNumberOfMessagesDelayed",
        ],
      }),
    );
    return {
      ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      leased: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  return {
    name,
    leaseMs: leaseSeconds * 1_000,

    adopt: (messages) => open(messages, performance.now()),

    async enqueue(messages: Outgoing[]) {
      for (let at = 0; at < messages.length; at += BATCH * 10) {
        const slices = Array.from({ length: 10 }, (_, i) =>
          messages.slice(at + i * BATCH, at + (i + 1) * BATCH),
        );
        await Promise.all(slices.filter((slice) => slice.length > 0).map(send));
      }
    },

    async receive({ max, waitMs, signal }: Receive) {
      const stop = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
      const until = performance.now() + waitMs;
      while (!stop.aborted) {
        const leftMs = Math.max(0, until - performance.now());
        const got = await abandonable(poll(max, Math.min(POLL_SECONDS, Math.ceil(leftMs / 1_000))), stop);
        if (got.length > 0 || performance.now() >= until) return got;
      }
      return [];
    },

    async stats() {
      const [live, dead] = await Promise.all([counts(false), counts(true)]);
      return { ...live, dead: dead.ready + dead.leased + dead.delayed };
    },

    async dead(limit = 100): Promise<DeadLetter[]> {
      const messages = await leaseDead(limit);
      await release(messages);
      return messages.map(deadLetter).sort((a, b) => a.at.getTime() - b.at.getTime());
    },

    async redrive(deadIds?: string[]) {
      const wanted = deadIds && new Set(deadIds);
      const messages = await leaseDead(Number.POSITIVE_INFINITY);
      const chosen = messages.filter(({ MessageId = "" }) => !wanted || wanted.has(MessageId));
      for (const message of chosen) {
        await client.send(
          new SendMessageCommand({
            QueueUrl: await url(),
            MessageBody: message.Body ?? "",
            MessageAttributes: attributes({ key: read(message).key, used: 0 }),
          }),
        );
        await remove(await url(true), message.ReceiptHandle ?? "");
      }
      await release(messages.filter((message) => !chosen.includes(message)));
      return chosen.length;
    },

    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await Promise.allSettled(polls);
      closed = true;
      client.destroy();
    },
  };
}

/** Rounded up: SQS counts seconds, and early is worse than late. */
function delaySeconds(delayMs: number): number {
  return Math.ceil(Math.min(delayMs, MAX_DELAY_MS) / 1_000);
}

function attributes(of: Record<string, string | number>): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(of)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [
        name,
        { DataType: typeof value === "number" ? "Number" : "String", StringValue: String(value) },
      ]),
  );
}

function read(message: Message) {
  const text = (name: string) => message.MessageAttributes?.[name]?.StringValue;
  return { key: text("key") ?? "", used: Number(text("used") ?? 0), reason: text("reason"), at: text("at") };
}

/** What came by SQS' own redrive carries no reason of ours. */
function deadLetter(message: Message): DeadLetter {
  const { key, used, reason, at } = read(message);
  const decoded = decodeHint(message.Body ?? "");
  return {
    deadId: message.MessageId ?? "",
    key,
    rawBody: message.Body ?? "",
    hint: decoded.kind === "hint" ? decoded.hint : null,
    attempts: used,
    reason: reason ?? "moved by the redrive policy of the queue: no worker settled it",
    at: new Date(Number(at ?? message.Attributes?.SentTimestamp ?? 0)),
  };
}
