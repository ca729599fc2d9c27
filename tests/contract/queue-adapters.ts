import { PurgeQueueCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { openRedis } from "#core/db/redis.ts";
import { openQueue, type QueueConfig } from "#core/queue/open-queue.ts";
import type { Queue, QueueOptions } from "#core/queue/port.ts";
import { createSqsQueues, openSqs, queueUrl, sqsName } from "#core/queue/sqs-client.ts";
import { ownRedis } from "#tests/support/resources.ts";

/** A broker of one's own for one case. */
export interface Broker {
  readonly config: QueueConfig;
  open(options?: QueueOptions): Queue;
  /** Sends a body that the product would never write. */
  sendRaw(body: string): Promise<void>;
  /** Puts in what another program might: nothing of what the product adds to a body. Answers the bodies as they are read. */
  sendForeign(): Promise<string[]>;
  /** Everything is gone, as after an operator's mistake. */
  wipe(): Promise<void>;
  /** Ends every queue that was opened. */
  end(): Promise<void>;
}

export interface AdapterUnderTest {
  readonly name: string;
  /** The shortest lease the adapter can count. */
  readonly leaseMs: number;
  /** A delay that it can tell from none. */
  readonly delayMs: number;
  /** How late a due message may be noticed. */
  readonly slackMs: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  broker(caseNumber: number): Promise<Broker>;
}

const queueName = "previews:build";
const sqsDefaults = { SQS_REGION: "us-east-1", SQS_QUEUE_PREFIX: "rushes-" };

function tracked(config: QueueConfig, defaults: QueueOptions) {
  const opened: Queue[] = [];
  return {
    open(options: QueueOptions = {}) {
      const queue = openQueue(config, queueName, { ...defaults, ...options });
      opened.push(queue);
      return queue;
    },
    closeAll: () => Promise.all(opened.map((queue) => queue.close())),
  };
}

export function redisAdapter(): AdapterUnderTest {
  const leaseMs = 800;
  return {
    name: "Redis Streams",
    leaseMs,
    delayMs: 300,
    slackMs: 400,
    start: async () => {},
    stop: async () => {},
    async broker() {
      const url = await ownRedis();
      const config: QueueConfig = { QUEUE: "redis", REDIS_URL: url, ...sqsDefaults };
      const admin = openRedis(url, { commandMs: 10_000, silenceMs: 12_000 });
      const { open, closeAll } = tracked(config, { leaseMs });
      return {
        config,
        open,
        async sendRaw(body) {
          await admin.xadd(queueName, "*", "k", "raw", "b", body, "a", "0", "e", "0", "r", "");
        },
        async sendForeign() {
          await admin.zadd(`{${queueName}}:delayed`, 1, "not ours");
          await admin.xadd(queueName, "*", "their", "field", "a", "many");
          return ["", "not ours"];
        },
        wipe: async () => {
          await admin.flushdb();
        },
        async end() {
          await closeAll();
          await admin.flushdb();
          admin.disconnect();
        },
      };
    },
  };
}

export function sqsAdapter(): AdapterUnderTest {
  const leaseMs = 2_000;
  const app = buildApp({ logger: false, host: "127.0.0.1" });
  let endpoint = "";
  return {
    name: "SQS",
    leaseMs,
    delayMs: 1_000,
    slackMs: 1_200,
    async start() {
      endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
    },
    async stop() {
      await app.close();
    },
    async broker(caseNumber) {
      const config: QueueConfig = {
        QUEUE: "sqs",
        REDIS_URL: "redis://127.0.0.1:1",
        SQS_ENDPOINT: endpoint,
        SQS_ACCESS_KEY_ID: "test",
        SQS_SECRET_ACCESS_KEY: "test-test-test",
        SQS_REGION: "us-east-1",
        SQS_QUEUE_PREFIX: `case${caseNumber}-${Date.now()}-`,
      };
      await createSqsQueues(config);
      const admin = openSqs(config);
      const QueueUrl = await queueUrl(admin, sqsName(config, queueName));
      const { open, closeAll } = tracked(config, { leaseMs });
      return {
        config,
        open,
        async sendRaw(body) {
          await admin.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
        },
        async sendForeign() {
          const used = { DataType: "String", StringValue: "many" };
          await admin.send(
            new SendMessageCommand({ QueueUrl, MessageBody: "?", MessageAttributes: { used, at: used } }),
          );
          return ["?"];
        },
        async wipe() {
          await admin.send(new PurgeQueueCommand({ QueueUrl }));
        },
        async end() {
          await closeAll();
          admin.destroy();
        },
      };
    },
  };
}
