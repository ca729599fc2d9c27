import { hostname } from "node:os";
import { readConfig } from "#core/config.ts";
import { openDatabase } from "#core/db/db.ts";
import { openRedis } from "#core/db/redis.ts";
import { publishLive } from "#core/events/live.ts";
import { openStillsConnection } from "#core/previews/stills.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import { keysOf, openStorage } from "#core/storage/storage.ts";
import { openLog } from "#core/telemetry/log.ts";
import { surviveStrayResets } from "#core/telemetry/stray-errors.ts";
import { answerStills } from "./answer-stills.ts";
import { consume, ROOM_RETRY_MS } from "./consume.ts";
import { openDevice } from "./device.ts";
import { FILE_BYTES } from "./feed.ts";
import { defaultCaps } from "./limits.ts";
import { openSandbox } from "./sandbox.ts";
import { claimScratch } from "./scratch.ts";
import { openStatus } from "./status.ts";
import { findFont, toolVersion } from "./tool-version.ts";

const config = readConfig(process.env, "worker");
const log = openLog("rushes-worker", config.LOG_LEVEL);
surviveStrayResets(log);
const sql = openDatabase(config.POSTGRES_URL, {
  pool: Math.max(4, 2 * config.QUEUE_CONCURRENCY),
  name: "rushes-worker",
});
const redis = openRedis(config.REDIS_URL);
const storage = openStorage(config, keysOf(config, "worker"));
const queue = openQueue(config, "previews:build");
const sandbox = openSandbox();
const device = await openDevice(config.GPU_DEVICE, log);
const worker = `${hostname()}:${process.pid}`;
const status = openStatus({ config, sql, redis, queue, device, sandbox });
const stop = new AbortController();

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    log.info({ signal }, "stopping");
    stop.abort();
  });
}

log.info(
  { worker, device: device.describe(), sandbox: sandbox.offers, concurrency: config.QUEUE_CONCURRENCY },
  "worker ready",
);
const scratchBase = await claimScratch(config.SCRATCH_PATH);
const answering = answerStills(
  { sql, redis: openStillsConnection(config.REDIS_URL), storage, scratchBase, log },
  stop.signal,
);
await consume(
  {
    tools: {
      storage,
      sandbox,
      device,
      caps: { ...defaultCaps, pixels: config.MAX_PIXELS, durationSeconds: config.MAX_DURATION_SECONDS },
      scratchBase,
      scratchMaxBytes: config.SCRATCH_MAX_BYTES,
      fileBytes: FILE_BYTES,
      deadlineFactor: 1,
      toolVersion: toolVersion(),
      fontFile: findFont(),
    },
    sql,
    queue,
    log,
    worker,
    concurrency: config.QUEUE_CONCURRENCY,
    roomRetryMs: ROOM_RETRY_MS,
    announce: (claim, progress) => {
      const data = { versionId: claim.versionId, jobId: claim.jobId, ...progress };
      void publishLive(redis, claim.projectId, { type: "preview.progress", data });
    },
    ended: status.ended,
  },
  stop.signal,
);
await answering;
status.close();
await queue.close().catch(() => {}); // the process ends either way
redis.disconnect();
await sql.end({ timeout: 5 });
storage.s3.destroy();
process.exit(0);
