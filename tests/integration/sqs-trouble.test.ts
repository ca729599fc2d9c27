import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DeleteQueueCommand } from "@aws-sdk/client-sqs";
import { hintOf } from "#core/queue/hint.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { runTrigger } from "#core/queue/run-trigger.ts";
import { createSqsQueues, openSqs, queueUrl, sqsName } from "#core/queue/sqs-client.ts";
import { type Broker, sqsAdapter } from "#tests/contract/queue-adapters.ts";
import { eventually } from "#tests/support/eventually.ts";

const adapter = sqsAdapter();
let broker: Broker;
let proxy: Server;
/** While it is, the service answers one refusal after the other instead of working. */
let isTroubled = false;
let asked = 0;
const refusals = [
  { status: 400, type: "RequestThrottled" },
  { status: 403, type: "ExpiredTokenException" },
  { status: 500, type: "InternalError" },
];

beforeAll(async () => {
  await adapter.start();
  broker = await adapter.broker(0);
  const { hostname, port } = new URL(broker.config.SQS_ENDPOINT ?? "");
  proxy = createServer((incoming, answer) => {
    const refusal = isTroubled && refusals[asked++ % refusals.length];
    if (refusal) {
      incoming.resume();
      const body = JSON.stringify({ __type: `com.amazonaws.sqs#${refusal.type}`, message: "not now" });
      answer.writeHead(refusal.status, { "content-type": "application/x-amz-json-1.0" }).end(body);
      return;
    }
    const { method = "POST", url, headers } = incoming;
    const outgoing = request({ host: hostname, port, method, path: url, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    outgoing.on("error", () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await broker.end();
  await adapter.stop();
});

/** A worker behind the proxy; while `trouble` lasts it does nothing, afterwards what was sent is done. */
async function survives(trouble: () => Promise<() => Promise<void>>): Promise<void> {
  const config = {
    ...broker.config,
    SQS_ENDPOINT: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  };
  const queue = openQueue(config, "previews:build", { leaseMs: 2_000 });
  const stop = new AbortController();
  const done: string[] = [];
  let complaints = 0;
  const log = { info() {}, error() {}, warn: () => void complaints++ };
  const running = runTrigger(queue, async ({ id }) => void done.push(id), {
    concurrency: 2,
    signal: stop.signal,
    log,
  });
  await queue.enqueue([{ key: "before", body: hintOf("before") }]);
  await eventually(() => expect(done).toContain("before"));
  const mend = await trouble();
  await expect(queue.enqueue([{ key: "during", body: hintOf("during") }])).rejects.toThrow();
  await eventually(() => expect(complaints).toBeGreaterThan(0));
  await mend();
  await eventually(async () => {
    await queue.enqueue([{ key: "after", body: hintOf("after") }]);
    await eventually(() => expect(done).toContain("after"), { withinMs: 5_000 });
  });
  stop.abort();
  await running;
  await queue.close();
}

test("a service that throttles, breaks and finds our credentials expired is waited for", async () => {
  await survives(async () => {
    isTroubled = true;
    return async () => {
      isTroubled = false;
    };
  });
}, 90_000);

test("a queue that was deleted is used again as soon as it is made again", async () => {
  await survives(async () => {
    const client = openSqs(broker.config);
    const QueueUrl = await queueUrl(client, sqsName(broker.config, "previews:build"));
    await client.send(new DeleteQueueCommand({ QueueUrl }));
    client.destroy();
    return () => createSqsQueues(broker.config);
  });
}, 90_000);
