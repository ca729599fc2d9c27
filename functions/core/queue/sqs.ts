import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { decodeHint, encodeHint, type Hint } from "./hint.ts";
import {
  type Delivery,
  type Outgoing,
  type Queue,
  type QueueName,
  type QueueOptions,
  queueDefaults,
  type Receive,
  reasonOf,
  type Settled,
} from "./port.ts";
import { BATCH, openSqs, POLL_SECONDS, queueUrl, type SqsQueueConfig, sqsName } from "./sqs-client.ts";
import { listDead, redriveDead } from "./sqs-dead-letters.ts";
import { attributes, delaySeconds, read } from "./sqs-message.ts";

export type { SqsQueueConfig } from "./sqs-client.ts";

interface Held {
  key: string;
  body: string;
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
          MessageAttributes: attributes({
            key: held.key,
            used: held.attempt,
            reason: reasonOf(reason),
            at: Date.now(),
          }),
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
    const endsAt = performance.now() + maxLeaseMs;
    return {
      key: held.key,
      body,
      attempt: held.attempt,
      maxLeaseUntil,
      async extend() {
        if (performance.now() + leaseMs > endsAt) return "lost";
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

  /** A message that cannot be put aside comes again after its lease; it costs its neighbours nothing. */
  async function open(messages: Message[], from: number): Promise<Delivery[]> {
    const opened = await Promise.allSettled(messages.map((message) => openOne(message, from)));
    const deliveries = opened.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    const failed = opened.find((one) => one.status === "rejected");
    if (failed && deliveries.length === 0) throw failed.reason;
    return deliveries;
  }

  async function openOne(message: Message, from: number): Promise<Delivery[]> {
    const { key, used } = read(message);
    const held: Held = {
      key,
      body: message.Body ?? "",
      attempt: used + Number(message.Attributes?.ApproximateReceiveCount ?? 1),
      receipt: message.ReceiptHandle ?? "",
      leasedUntil: from + leaseSeconds * 1_000,
    };
    const decoded = decodeHint(held.body);
    if (held.attempt > maxAttempts) {
      held.attempt -= 1;
      const times = `${held.attempt} of ${maxAttempts}`;
      await bury(held, `the lease lapsed on attempt ${times}: its worker stopped or hung`);
      return [];
    }
    if (decoded.kind === "hint") return [deliver(held, decoded.hint)];
    if (decoded.kind === "newer") await handBack(held, 5_000);
    else await bury(held, "the body cannot be read");
    return [];
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

  const deadLetters = { client, live: () => url(), dead: () => url(true) };
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

    dead: (limit = 100) => listDead(deadLetters, limit),
    redrive: (deadIds) => redriveDead(deadLetters, deadIds),

    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await Promise.allSettled(polls);
      closed = true;
      client.destroy();
    },
  };
}
