import type { Redis } from "ioredis";
import { type Issuer, openIssuer } from "./auth/issuer.ts";
import type { ApiConfig } from "./config.ts";
import { openDatabase, type Pool } from "./db/db.ts";
import { openRedis } from "./db/redis.ts";
import { type Live, openLive } from "./events/live.ts";
import { type Boards, openBoards } from "./queue/board.ts";
import { keysOf, openStorage, type Storage } from "./storage/storage.ts";
import { type Log, openLog } from "./telemetry/log.ts";
import { type Metrics, openMetrics } from "./telemetry/metrics.ts";

/** Everything from outside that the functions may be handed. Verbs take a `Pick` of it. */
export interface Resources {
  config: Readonly<ApiConfig>;
  sql: Pool;
  redis: Redis;
  presigner: Storage;
  promoter: Storage;
  downloader: Storage;
  custodian: Storage;
  /** The OpenID provider; asked when first needed. */
  issuer: Issuer;
  /** What happens now, for event streams; connects when first needed. */
  readonly live: Live;
  /** The BullMQ queues, for the admin's page; connects when first needed. */
  readonly boards: Boards;
  log: Log;
  metrics: Metrics;
  close(): Promise<void>;
}

export function openResources(config: Readonly<ApiConfig>): Resources {
  const sql = openDatabase(config.POSTGRES_URL, { pool: config.POSTGRES_POOL, name: "rushes-api" });
  const redis = openRedis(config.REDIS_URL);
  const stores = {
    presigner: openStorage(config, keysOf(config, "presigner")),
    promoter: openStorage(config, keysOf(config, "promoter")),
    downloader: openStorage(config, keysOf(config, "downloader")),
    custodian: openStorage(config, keysOf(config, "custodian")),
  };
  let live: Live | undefined;
  let boards: Boards | undefined;
  return {
    config,
    sql,
    redis,
    ...stores,
    issuer: openIssuer(config),
    get live() {
      live ??= openLive(config.REDIS_URL);
      return live;
    },
    get boards() {
      boards ??= openBoards(config.REDIS_URL);
      return boards;
    },
    log: openLog("rushes-api", config.LOG_LEVEL),
    metrics: openMetrics(),
    async close() {
      for (const store of Object.values(stores)) store.s3.destroy();
      await Promise.all([live?.close(), boards?.close()]);
      redis.disconnect();
      await sql.end({ timeout: 5 });
    },
  };
}
