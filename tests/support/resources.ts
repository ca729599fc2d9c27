import { type ApiConfig, readConfig } from "#core/config.ts";
import { openRedis } from "#core/db/redis.ts";
import { openResources, type Resources } from "#core/resources.ts";
import { cloneDatabase } from "./database.ts";
import { stackEnv } from "./stack.ts";

const firstDatabase = 64;
const databases = 4096;

/** A Redis database nobody else uses now, emptied. */
export async function ownRedis(url = stackEnv().REDIS_URL ?? ""): Promise<string> {
  const redis = openRedis(url, { commandMs: 10_000, silenceMs: 12_000 });
  try {
    const number = firstDatabase + ((await redis.incr("tests:database")) % (databases - firstDatabase));
    await redis.select(number);
    await redis.flushdb();
    const own = new URL(url);
    own.pathname = `/${number}`;
    return own.href;
  } finally {
    redis.disconnect();
  }
}

/**
 * Real resources on the running `test` instance, for one test file: a database cloned from the migrated template,
 * a Redis database of its own, the shared storage. `close()` drops what it made.
 */
export async function testResources(
  change: Partial<Record<keyof ApiConfig, string>> = {},
): Promise<Resources> {
  const env = stackEnv();
  const [database, redisUrl] = await Promise.all([cloneDatabase(), ownRedis(env.REDIS_URL)]);
  const resources = openResources(
    readConfig(
      {
        APP_SECRET: "the secret of the test instance, long enough",
        ...env,
        POSTGRES_URL: database.url,
        POSTGRES_POOL: "4",
        REDIS_URL: redisUrl,
        RATE_LIMIT_PER_MINUTE: "1000000",
        LOG_LEVEL: process.env.TEST_LOG ?? "silent",
        ...change,
      },
      "api",
    ),
  );
  const { close } = resources;
  resources.close = async () => {
    await resources.redis.flushdb().catch(() => {});
    await close();
    await database.drop(resources.promoter.buckets);
  };
  return resources;
}
