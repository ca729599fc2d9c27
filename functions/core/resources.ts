import type { Redis } from "ioredis";
import type { ApiConfig } from "./config.ts";
import { openDatabase, type Pool } from "./db/db.ts";
import { openRedis } from "./db/redis.ts";
import { keysOf, openStorage, type Storage } from "./storage/storage.ts";
import { type Log, openLog } from "./telemetry/log.ts";

/** Everything from outside that the functions may be handed. Verbs take a `Pick` of it. */
export interface Resources {
  config: Readonly<ApiConfig>;
  sql: Pool;
  redis: Redis;
  presigner: Storage;
  promoter: Storage;
  downloader: Storage;
  custodian: Storage;
  log: Log;
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
  return {
    config,
    sql,
    redis,
    ...stores,
    log: openLog("rushes-api", config.LOG_LEVEL),
    async close() {
      for (const store of Object.values(stores)) store.s3.destroy();
      redis.disconnect();
      await sql.end({ timeout: 5 });
    },
  };
}
