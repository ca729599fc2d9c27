import { afterAll, beforeAll, expect, test } from "bun:test";
import { DeleteQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { hintOf } from "#core/queue/hint.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { openSqs, queueUrl, sqsName } from "#core/queue/sqs-client.ts";
import { refuse } from "#core/refusal.ts";
import type { Trigger } from "#functions/route.ts";
import { type Broker, sqsAdapter } from "#tests/contract/queue-adapters.ts";
import { eventually } from "#tests/support/eventually.ts";
import { ownRedis } from "#tests/support/resources.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { queueLambda } from "#triggers/lambda.ts";
import type { OnJob } from "#triggers/trigger.ts";

const adapter = sqsAdapter();
let broker: Broker;

beforeAll(async () => {
  await adapter.start();
  broker = await adapter.broker(0);
});
afterAll(async () => {
  await broker.end();
  await adapter.stop();
});

const trigger: Trigger = {
  kind: "trigger",
  name: "test",
  wokenBy: { queue: "previews:build", concurrency: 4, leaseMs: 20_000 },
  touches: { tables: {} },
};

/** The event that Lambda's poller makes of what it received. */
async function sqsEvent(on = broker, visibilitySeconds = 20) {
  const client = openSqs(on.config);
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: await queueUrl(client, sqsName(on.config, "previews:build")),
      MaxNumberOfMessages: 10,
      VisibilityTimeout: visibilitySeconds,
      MessageSystemAttributeNames: ["ApproximateReceiveCount"],
      MessageAttributeNames: ["All"],
    }),
  );
  client.destroy();
  return {
    Records: Messages.map((message) => ({
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes,
      messageAttributes: Object.fromEntries(
        Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue, DataType }]) => [
          name,
          { stringValue: StringValue, dataType: DataType },
        ]),
      ),
    })),
  };
}

function lambdaOf(onJob: OnJob, redisUrl: string, on = broker) {
  return queueLambda(trigger, onJob, {
    APP_SECRET: "the secret of the test instance, long enough",
    ...stackEnv(),
    ...Object.fromEntries(Object.entries(on.config).map(([name, value]) => [name, String(value)])),
    REDIS_URL: redisUrl,
    LOG_LEVEL: "silent",
  });
}

const context = { getRemainingTimeInMillis: () => 30_000 };

test("of a batch only what failed comes again; what can never succeed is dead with its reason", async () => {
  const queue = openQueue(broker.config, "previews:build");
  await queue.enqueue(
    ["fine", "broken", "hopeless", "fine too"].map((id) => ({ key: id, body: hintOf(id) })),
  );
  await broker.sendRaw("no hint at all");
  const done: string[] = [];
  const handler = lambdaOf(
    () => async (job) => {
      if (job.id === "broken") throw new Error("not this time");
      if (job.id === "hopeless") refuse("not-media", "This is a text.");
      done.push(job.id);
    },
    await ownRedis(),
  );
  const event = await sqsEvent();
  expect(event.Records).toHaveLength(5);
  const { batchItemFailures } = await handler(event, context);
  const broken = event.Records.find(({ body }) => body?.includes("broken"));
  expect(batchItemFailures).toEqual([{ itemIdentifier: broken?.messageId ?? "" }]);
  expect(done.sort()).toEqual(["fine", "fine too"]);
  const dead = await queue.dead();
  expect(dead.map(({ reason }) => reason).sort()).toEqual([
    "not-media: This is a text.",
    "the body cannot be read",
  ]);
  const { ready, leased } = await queue.stats();
  expect(ready + leased).toBe(1);
  await queue.close();
});

test("poison that cannot even be buried costs its neighbours nothing, and comes again", async () => {
  const own = await adapter.broker(1);
  const client = openSqs(own.config);
  await client.send(
    new DeleteQueueCommand({ QueueUrl: await queueUrl(client, sqsName(own.config, "previews:build", true)) }),
  );
  await own.sendRaw("no hint at all");
  const queue = own.open();
  await queue.enqueue([{ key: "fine", body: hintOf("fine") }]);
  const event = await sqsEvent(own, 1);
  const done: string[] = [];
  const handler = lambdaOf(() => async (job) => void done.push(job.id), await ownRedis(), own);
  const { batchItemFailures } = await handler(event, context);
  expect(done).toEqual(["fine"]);
  const poison = event.Records.find(({ body }) => body === "no hint at all");
  expect(batchItemFailures).toEqual([{ itemIdentifier: poison?.messageId ?? "" }]);

  await eventually(async () => {
    await queue.enqueue([{ key: "fine", body: hintOf("fine") }]);
    const got = await queue.receive({ max: 10, waitMs: 1_000 });
    expect(got.map(({ body }) => body.id)).toContain("fine");
  });
  client.destroy();
  await own.end();
}, 30_000);
