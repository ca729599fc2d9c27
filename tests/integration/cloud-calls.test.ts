import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { newId } from "#core/id.ts";
import { emit } from "#core/outbox.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import type { QueueName } from "#core/queue/port.ts";
import { openSqs, queueUrl, sqsName } from "#core/queue/sqs-client.ts";
import type { Resources } from "#core/resources.ts";
import { deriveKey } from "#core/signing/derive.ts";
import { seal } from "#core/signing/seal.ts";
import { headObject } from "#core/storage/read.ts";
import { newWebhookSecret } from "#core/webhooks/secret.ts";
import { triggers } from "#functions/routes.ts";
import { openReceiver, type Receiver } from "#tests/chaos/world/receiver.ts";
import { type Broker, sqsAdapter } from "#tests/contract/queue-adapters.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { openAndPut } from "#tests/support/uploads.ts";

/** Each trigger in a process of its own, called with what EventBridge and Lambda's SQS poller send. */
const adapter = sqsAdapter();
let broker: Broker;
let resources: Resources;
let api: Api;
let receiver: Receiver;
let env: Record<string, string>;
const told: string[] = [];
const edge = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const { pathname } = new URL(request.url);
    told.push(pathname);
    if (pathname === "/state") return Response.json({ sequence: 0, waiting: true });
    return Response.json({ warmed: 0, failed: 0 });
  },
});
const called = new Set<string>();

beforeAll(async () => {
  await adapter.start();
  [broker, resources, receiver] = await Promise.all([adapter.broker(0), testResources(), openReceiver()]);
  api = await openApi(resources);
  env = {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "",
    ...stackEnv(),
    ...Object.fromEntries(Object.entries(broker.config).map(([name, value]) => [name, String(value)])),
    APP_SECRET: resources.config.APP_SECRET,
    POSTGRES_URL: resources.config.POSTGRES_URL,
    REDIS_URL: resources.config.REDIS_URL,
    EDGE_PURGE_URLS: edge.url.origin,
    EDGE_PURGE_KEY: "the key of the control port",
    WEBHOOK_ALLOW_PRIVATE: "true",
    LOG_LEVEL: process.env.TEST_LOG ?? "silent",
  };
});
afterAll(async () => {
  await receiver.close();
  await edge.stop(true);
  await broker.end();
  await resources.close();
  await adapter.stop();
});

async function call(trigger: string, event: object, leftMs = 30_000): Promise<unknown> {
  called.add(trigger);
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "../support/call-lambda.ts"),
      trigger,
      JSON.stringify(event),
      String(leftMs),
    ],
    { env, stdout: "pipe", stderr: "inherit" },
  );
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

const onSchedule = (trigger: string, leftMs?: number) =>
  call(
    trigger,
    {
      version: "0",
      id: "89d1a02d-5ec7-412e-82f5-13505f849b41",
      "detail-type": "Scheduled Event",
      source: "aws.events",
      account: "123456789012",
      time: "2026-11-22T12:00:00Z",
      region: "us-east-1",
      resources: [`arn:aws:events:us-east-1:123456789012:rule/${trigger}`],
      detail: {},
    },
    leftMs,
  );

/** What is in the queue, as the poller hands it over, with a message that nobody can read. */
async function onMessages(trigger: string, queue: QueueName) {
  const client = openSqs(broker.config);
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: await queueUrl(client, sqsName(broker.config, queue)),
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 30,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    }),
  );
  client.destroy();
  const Records = Messages.map((message) => ({
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue, DataType }]) => [
        name,
        { stringValue: StringValue, dataType: DataType, stringListValues: [], binaryListValues: [] },
      ]),
    ),
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:${sqsName(broker.config, queue)}`,
    awsRegion: "us-east-1",
  }));
  return (await call(trigger, { Records })) as { batchItemFailures: unknown[] };
}

async function withQueue<T>(
  name: QueueName,
  work: (queue: ReturnType<typeof openQueue>) => Promise<T>,
): Promise<T> {
  const queue = openQueue(broker.config, name);
  return work(queue).finally(() => queue.close());
}

async function addEndpoint(): Promise<void> {
  const secret = seal(deriveKey(resources.config.APP_SECRET, "webhook-secret"), newWebhookSecret());
  await resources.sql`insert into webhook_endpoints (id, project_id, url, events, secret, created_by)
    values (${newId("webhook")}, ${api.seed.projectId}, ${receiver.url}, ${["comment.created"]}, ${secret},
      ${api.seed.people.manager.id})`;
}

test("the relay empties the outbox and ends before its time is up; two at once share the work", async () => {
  const { sql } = resources;
  await addEndpoint();
  for (let n = 0; n < 150; n++)
    await emit(sql, { projectId: api.seed.projectId, type: "comment.created", data: { n } });
  await Promise.all([onSchedule("relay-outbox", 9_000), onSchedule("relay-outbox", 9_000)]);
  expect(await sql`select 1 from outbox`).toHaveLength(0);
  const numbers = await sql<{ seq: number }[]>`select seq from event_log order by seq`;
  expect(numbers.map(({ seq }) => seq)).toEqual(Array.from({ length: 150 }, (_, n) => n + 1));
  const [{ ready }] = [await withQueue("webhooks:deliver", (queue) => queue.stats())];
  expect(ready).toBe(150);
}, 60_000);

test("deliveries are made once, and one by one settled", async () => {
  const { sql } = resources;
  const answer = await onMessages("deliver-webhooks", "webhooks:deliver");
  expect(answer).toEqual({ batchItemFailures: [] });
  const states = await sql<{ state: string; n: number }[]>`
    select state, count(*)::int as n from webhook_deliveries group by state order by state`;
  expect([...states]).toEqual([
    { state: "delivered", n: 10 },
    { state: "pending", n: 140 },
  ]);
  expect([...receiver.times.values()]).toEqual(Array(10).fill(1));
}, 60_000);

test("a stale delivery is hinted at again", async () => {
  const { sql } = resources;
  await sql`delete from webhook_deliveries where id in
    (select id from webhook_deliveries where state = 'pending' limit 139)`;
  await sql`update webhook_deliveries set next_attempt_at = now() - interval '1 hour', created_at = now() - interval '1 hour'
    where state = 'pending'`;
  await withQueue("webhooks:deliver", async (queue) => {
    while ((await queue.stats()).ready > 0)
      for (const delivery of await queue.receive({ max: 10, waitMs: 500 })) await delivery.ack();
    await onSchedule("reconcile");
    expect((await queue.stats()).ready).toBe(1);
  });
}, 60_000);

test("a copy is made on a message; what nobody can read is dead, and only what failed comes again", async () => {
  const { uploadId } = await openAndPut(api, "editor");
  const { versionId } = (await api.as("editor").post("/promote", { uploadId })).body;
  await withQueue("masters:copy", async (queue) => {
    await queue.enqueue([
      { key: versionId, body: { v: 1, id: versionId } },
      { key: "odd", body: { v: 1, id: "'; drop table versions" } },
    ]);
    expect(await onMessages("copy-to-masters", "masters:copy")).toEqual({ batchItemFailures: [] });
    expect((await queue.stats()).ready).toBe(0);
  });
  const [row] = await resources.sql`select state from versions where id = ${versionId}`;
  expect(row?.state).toBe("mastered");
}, 60_000);

test("the edges are told on a message, and by the clock; one that refuses makes the message come again", async () => {
  const [version] = await resources.sql<{ id: string }[]>`select id from versions limit 1`;
  await withQueue("edge:purge", async (queue) => {
    const message = { key: "v", body: { v: 1 as const, id: version?.id ?? "" } };
    await queue.enqueue([message]);
    expect(await onMessages("purge-edges", "edge:purge")).toEqual({ batchItemFailures: [] });
    expect(told).toContain("/state");
    told.length = 0;
    await onSchedule("keep-edges-current");
    expect(told).toContain("/state");
    await queue.enqueue([message]);
    env.EDGE_PURGE_URLS = "http://127.0.0.1:9";
    const { batchItemFailures } = await onMessages("purge-edges", "edge:purge");
    env.EDGE_PURGE_URLS = edge.url.origin;
    expect(batchItemFailures).toHaveLength(1);
  });
}, 60_000);

test("the clocks that end, sweep, forget and verify", async () => {
  const { sql, promoter } = resources;
  const open = await openAndPut(api, "editor");
  const left = await openAndPut(api, "editor");
  await api.as("editor").del(`/presign/${left.uploadId}`, "*");
  const kept = await openAndPut(api, "editor");
  const { versionId } = (await api.as("editor").post("/promote", { uploadId: kept.uploadId })).body;
  await copyToMaster(resources, versionId);
  await sql`update uploads set expires_at = now() - interval '1 minute' where id = ${open.uploadId}`;
  await sql`update uploads set updated_at = now() - interval '1 hour' where id = ${left.uploadId}`;
  await sql`update versions set verify_asked_at = now() where id = ${versionId}`;
  await sql`update event_log set at = now() - interval '1 year'`;
  await onSchedule("expire-uploads");
  await onSchedule("sweep");
  await onSchedule("forget-expired");
  await onSchedule("verify-masters");
  const [ended] = await sql`select state from uploads where id = ${open.uploadId}`;
  expect(ended?.state).toBe("expired");
  const staged = { bucket: promoter.buckets.staging, key: `uploads/${left.uploadId}` };
  expect(await headObject(promoter, staged)).toBeUndefined();
  expect(await sql`select 1 from event_log`).toHaveLength(0);
  const [verified] = await sql`select verified_at, verify_asked_at from versions where id = ${versionId}`;
  expect(verified).toEqual({ verified_at: expect.any(Date), verify_asked_at: null });
}, 90_000);

test("no trigger was left out", () => {
  expect([...called].sort()).toEqual(triggers.map(({ name }) => name).sort());
});
