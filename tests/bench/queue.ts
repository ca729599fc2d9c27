import { Queue as Board, Worker } from "bullmq";
import { openRedis } from "#core/db/redis.ts";
import { newId } from "#core/id.ts";
import { hint } from "#core/outbox.ts";
import { boardConnection } from "#core/queue/clock.ts";
import { hintOf } from "#core/queue/hint.ts";
import { nudgeRelay } from "#core/queue/nudge.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { type Queue, queueNames } from "#core/queue/port.ts";
import { type Queues, runRelay } from "#core/queue/relay.ts";
import { runTrigger } from "#core/queue/run-trigger.ts";
import { openLog } from "#core/telemetry/log.ts";
import { sqsAdapter } from "#tests/contract/queue-adapters.ts";
import { ownRedis, testResources } from "#tests/support/resources.ts";
import type { BenchGroup, Figure } from "./figure.ts";

const JOBS = 4_000;
const CONCURRENCY = 20;
const ROUNDS = 3;
const log = openLog("bench", "silent");

/** Jobs per second from the first enqueue to the last ack, at this concurrency in one process. */
async function throughput(queue: Queue, jobs: number): Promise<number> {
  const stop = new AbortController();
  let left = jobs;
  const from = performance.now();
  const running = runTrigger(
    queue,
    async () => {
      if (--left === 0) stop.abort();
    },
    { concurrency: CONCURRENCY, signal: stop.signal, log },
  );
  for (let at = 0; at < jobs; at += 100)
    await queue.enqueue(
      Array.from({ length: 100 }, (_, i) => ({ key: `${at + i}`, body: hintOf(`job-${at + i}`) })),
    );
  await running;
  return (jobs * 1_000) / (performance.now() - from);
}

async function bullThroughput(url: string, jobs: number): Promise<number> {
  const connection = boardConnection(url);
  const board = new Board("bench", { connection });
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = jobs;
  const from = performance.now();
  const worker = new Worker(
    "bench",
    async () => {
      if (--left === 0) resolve();
    },
    { connection, concurrency: CONCURRENCY },
  );
  for (let at = 0; at < jobs; at += 100)
    await board.addBulk(
      Array.from({ length: 100 }, (_, i) => ({
        name: "job",
        data: hintOf(`job-${at + i}`),
        opts: { removeOnComplete: true, attempts: 5 },
      })),
    );
  await promise;
  const rate = (jobs * 1_000) / (performance.now() - from);
  await worker.close();
  await board.close();
  connection.disconnect();
  return rate;
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function adapters(say: (line: string) => void): Promise<Figure[]> {
  const url = await ownRedis();
  const redis = openRedis(url);
  const config = {
    QUEUE: "redis",
    REDIS_URL: url,
    SQS_REGION: "us-east-1",
    SQS_QUEUE_PREFIX: "rushes-",
  } as const;
  const streams: number[] = [];
  const bull: number[] = [];
  // In turn, so that whatever else the machine does meets both.
  for (let round = 0; round < ROUNDS; round++) {
    const queue = openQueue(config, "previews:build");
    streams.push(await throughput(queue, JOBS));
    await queue.close();
    bull.push(await bullThroughput(url, JOBS));
    await redis.flushdb();
    say(`streams ${streams.at(-1)?.toFixed(0)} jobs/s, BullMQ ${bull.at(-1)?.toFixed(0)} jobs/s`);
  }
  redis.disconnect();
  const sqs = sqsAdapter();
  await sqs.start();
  const broker = await sqs.broker(0);
  const sqsRate = await throughput(broker.open({ leaseMs: 30_000 }), 1_000);
  await broker.end();
  await sqs.stop();
  say(`SQS server in this process ${sqsRate.toFixed(0)} jobs/s`);
  return [
    { id: "queue.streams_jobs_s", value: median(streams), unit: "1/s", target: 3_000, better: "higher" },
    { id: "queue.bullmq_jobs_s", value: median(bull), unit: "1/s", target: 0, better: "higher" },
    { id: "queue.sqs_jobs_s", value: sqsRate, unit: "1/s", target: 100, better: "higher" },
    { id: "queue.vs_bullmq", value: median(streams) / median(bull), unit: "x", target: 1, better: "higher" },
  ];
}

/** From the commit of the row to the first line of the handler: outbox, relay, queue and runner together. */
async function commitToStart(): Promise<Figure[]> {
  const resources = await testResources();
  const { sql, redis, config } = resources;
  const queues = Object.fromEntries(queueNames.map((name) => [name, openQueue(config, name)])) as Queues;
  const stop = new AbortController();
  const committed = new Map<string, number>();
  const times: number[] = [];
  const relay = runRelay({ sql, redis, queues, log }, stop.signal);
  const runner = runTrigger(
    queues["previews:build"],
    async ({ id }) => {
      times.push(performance.now() - (committed.get(id) ?? performance.now()));
    },
    { concurrency: 4, signal: stop.signal, log },
  );
  for (let i = 0; i < 200; i++) {
    const id = newId("job");
    await sql.begin(async (tx) => {
      await hint(tx, "previews:build", id);
      committed.set(id, performance.now());
    });
    committed.set(id, performance.now());
    nudgeRelay(redis);
    await new Promise((done) => setTimeout(done, 20));
  }
  while (times.length < 200) await new Promise((done) => setTimeout(done, 20));
  stop.abort();
  await Promise.all([relay, runner]);
  await Promise.all(Object.values(queues).map((queue) => queue.close()));
  await resources.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
  return [
    { id: "queue.commit_to_start_p50_ms", value: at(0.5), unit: "ms", target: 50, better: "lower" },
    { id: "queue.commit_to_start_p95_ms", value: at(0.95), unit: "ms", target: 100, better: "lower" },
  ];
}

export const group: BenchGroup = {
  needs: "servers",
  async measure(say) {
    return [...(await adapters(say)), ...(await commitToStart())];
  },
};
