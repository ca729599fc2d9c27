import { openDatabase, type Pool } from "#core/db/db.ts";
import { newId } from "#core/id.ts";
import { deriveKey } from "#core/signing/derive.ts";
import { seal } from "#core/signing/seal.ts";
import { newWebhookSecret } from "#core/webhooks/secret.ts";
import { cloneDatabase } from "#tests/support/database.ts";
import { type Seed, seedKey, seedPeople } from "#tests/support/people.ts";
import { ownRedis } from "#tests/support/resources.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { seedVersion } from "#tests/support/versions.ts";
import { type ApiProcess, startApi } from "./api-process.ts";
import { openReceiver, type Receiver } from "./receiver.ts";
import { type OwnRedis, openOwnRedis } from "./server.ts";

export interface WorldOptions {
  /** A Redis of its own, to be killed or filled. */
  redis?: "own" | { diskMb: number };
  /** Postgres from elsewhere: a migrated, empty database. */
  postgresUrl?: string;
  /** What the product is told instead of the real addresses: a fault proxy. */
  through?: { postgres?: (url: string) => Promise<string>; redis?: (url: string) => Promise<string> };
  env?: Record<string, string>;
}

/** One project with a version, an endpoint that wants every event, and the environment of the product's processes. */
export interface World {
  env: Record<string, string>;
  /** The truth, seen directly: never through a proxy. */
  sql: Pool;
  redisUrl: string;
  redis: OwnRedis | undefined;
  receiver: Receiver;
  seed: Seed;
  key: string;
  versionId: string;
  endpointId: string;
  apis: ApiProcess[];
  api(options?: Parameters<typeof startApi>[1] & { env?: Record<string, string> }): Promise<ApiProcess>;
  end(): Promise<void>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const stack = stackEnv();
  const database = options.postgresUrl ? undefined : await cloneDatabase();
  const postgresUrl = options.postgresUrl ?? database?.url ?? "";
  const redis = options.redis
    ? await openOwnRedis(options.redis === "own" ? {} : { diskMb: options.redis.diskMb })
    : undefined;
  const redisUrl = redis?.url ?? (await ownRedis());
  const sql = openDatabase(postgresUrl, { pool: 4, name: "chaos", isPatient: true });
  const receiver = await openReceiver();
  const seed = await seedPeople({ sql });
  const key = await seedKey({ sql }, seed.people.manager.id);
  const { versionId } = await seedVersion({ sql }, { projectId: seed.projectId });
  const endpointId = newId("webhook");
  const secret = seal(deriveKey(stack.APP_SECRET ?? "", "webhook-secret"), newWebhookSecret());
  await sql`insert into webhook_endpoints (id, project_id, url, events, secret, created_by)
    values (${endpointId}, ${seed.projectId}, ${receiver.url}, ${["comment.created"]}, ${secret}, ${seed.people.manager.id})`;
  const env = {
    ...stack,
    POSTGRES_URL: (await options.through?.postgres?.(postgresUrl)) ?? postgresUrl,
    REDIS_URL: (await options.through?.redis?.(redisUrl)) ?? redisUrl,
    WEBHOOK_ALLOW_PRIVATE: "true",
    RATE_LIMIT_PER_MINUTE: "100000000",
    LOG_LEVEL: process.env.TEST_LOG ?? "silent",
    ...options.env,
  };
  const apis: ApiProcess[] = [];
  return {
    env,
    sql,
    redisUrl,
    redis,
    receiver,
    seed,
    key,
    versionId,
    endpointId,
    apis,
    async api({ env: more, ...rest } = {}) {
      const api = await startApi({ ...env, ...more }, rest);
      apis.push(api);
      return api;
    },
    async end() {
      for (const api of apis) api.kill("SIGKILL");
      await Promise.all(apis.map(({ exited }) => exited));
      await receiver.close();
      await sql.end({ timeout: 2 });
      await redis?.end();
      await database?.drop();
    },
  };
}

/** Opens a world for one test and ends it, whatever happened. */
export async function inWorld(options: WorldOptions, work: (world: World) => Promise<void>): Promise<void> {
  const world = await openWorld(options);
  try {
    await work(world);
  } finally {
    await world.end();
  }
}

/** Lets the minute pass that a claim of a dead process is kept for: nothing else waits that long here. */
export function hurryClaims(world: World): () => void {
  const timer = setInterval(() => {
    world.sql`update idempotency_keys set locked_until = now() - interval '1 second'
      where status is null and created_at < now() - interval '6 seconds'`.catch(() => {});
  }, 1_000);
  return () => clearInterval(timer);
}
