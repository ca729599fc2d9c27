import { createHash } from "node:crypto";
import { Redis } from "ioredis";

export interface RedisDeadlines {
  /** A command that got no answer in this time fails; null waits for ever. */
  commandMs?: number | null;
  /** A socket that stays silent this long while a command waits is thrown away, and a new one is opened. */
  silenceMs?: number | null;
}

/**
 * One connection with deadlines. Without them a black-holed TCP connection hangs every caller for as long as
 * the kernel keeps retransmitting. Commands wait in memory while it reconnects, but no longer than `commandMs`.
 */
export function openRedis(url: string, deadlines: RedisDeadlines = {}): Redis {
  const { commandMs = 1_500, silenceMs = 2_500 } = deadlines;
  const redis = new Redis(url, {
    ...(commandMs === null ? {} : { commandTimeout: commandMs }),
    ...(silenceMs === null ? {} : { socketTimeout: silenceMs }),
    connectTimeout: 1_000,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), 1_000),
  });
  // Every failure reaches a caller through its command; without a listener ioredis prints each of them as well.
  redis.on("error", () => {});
  return redis;
}

/** Ends a connection for good, politely if the server still answers. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === "end") return;
  await Promise.race([redis.quit().catch(() => {}), new Promise((done) => setTimeout(done, 300))]);
  redis.disconnect();
}

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/** Runs a script by its hash and sends its text only when the server does not know it (first use, restart). */
export async function runScript(
  redis: Redis,
  { lua, sha }: Script,
  keys: string[],
  args: (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return await redis.eval(lua, keys.length, ...keys, ...args);
  }
}
