import { afterAll, beforeAll, expect, test } from "bun:test";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { hintOf } from "#core/queue/hint.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { openSqs, queueUrl, sqsName } from "#core/queue/sqs-client.ts";
import { refuse } from "#core/refusal.ts";
import type { Trigger } from "#functions/route.ts";
import { type Broker, sqsAdapter } from "#tests/contract/queue-adapters.ts";
import { ownRedis } from "#tests/support/resources.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { queueLambda } from "#triggers/lambda.ts";

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
async function sqsEvent() {
  const client = openSqs(broker.config);
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: await queueUrl(client, sqsName(broker.config, "previews:build")),
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 20,
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

test("of a batch only what failed comes again; what can never succeed is dead with its reason", async () => {
  const queue = openQueue(broker.config, "previews:build");
  await queue.enqueue(
    ["fine", "broken", "hopeless", "fine too"].map((id) => ({ key: id, body: hintOf(id) })),
  );
  await broker.sendRaw("no hint at all");
  const done: string[] = [];
  const handler = queueLambda(
    trigger,
    () => async (job) => {
      if (job.id === "broken") throw new Error("not this time");
      if (job.id === "hopeless") refuse("not-media", "This is a text.");
      done.push(job.id);
    },
    {
      APP_SECRET: "the secret of the test instance, long enough",
      ...stackEnv(),
      ...Object.fromEntries(Object.entries(broker.config).map(([name, value]) => [name, String(value)])),
      REDIS_URL: await ownRedis(),
      LOG_LEVEL: "silent",
    },
  );
  const event = await sqsEvent();
  expect(event.Records).toHaveLength(5);
  const { batchItemFailures } = await handler(event, { getRemainingTimeInMillis: () => 30_000 });
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
