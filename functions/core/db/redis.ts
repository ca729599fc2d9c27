import { createHash } from "node:crypto";
import { type Command, Redis, type RedisOptions } from "ioredis";

export interface RedisDeadlines {
  /** A command that got no answer in this time fails; null waits for ever. */
  commandMs?: number | null;
  /** A socket that stays silent this long while a command waits is thrown away, and a new one is opened. */
  silenceMs?: number | null;
}

/**
 * ioredis keeps a command whose deadline has passed, and sends it once there is a connection again: an outage would
 * fill the memory, and end with a burst of what nobody waits for any more, such as reads that take jobs. Here such a
 * command is dropped, and what comes after Redis was away for a whole deadline fails at once.
 */
class PunctualRedis extends Redis {
  readonly #dueAt = new WeakMap<Command, number>();
  #awaySince = performance.now();

  constructor(url: string, options: RedisOptions) {
    super(url, options);
    this.on("ready", () => {
      this.#awaySince = Number.POSITIVE_INFINITY;
    });
    this.on("close", () => {
      if (this.#awaySince === Number.POSITIVE_INFINITY) this.#awaySince = performance.now();
    });
  }

  override sendCommand(...[command, stream]: Parameters<Redis["sendCommand"]>): unknown {
    const limitMs = this.options.commandTimeout;
    if (limitMs === undefined) return super.sendCommand(command, stream);
    const now = performance.now();
    const dueAt = this.#dueAt.get(command);
    if (dueAt === undefined) this.#dueAt.set(command, now + limitMs);
    // The connection's own handshake comes through here as well, while it is in the state `connect`.
    const isAway = this.status !== "ready" && this.status !== "connect" && now > this.#awaySince + limitMs;
    if (isAway || (dueAt !== undefined && now >= dueAt)) {
      command.reject(new Error("Command timed out"));
      return command.promise;
    }
    return super.sendCommand(command, stream);
  }
}

/**
 * One connection with deadlines. Without them a black-holed TCP connection hangs every caller for as long as
 * the kernel keeps retransmitting. Commands wait in memory while it reconnects, but no longer than `commandMs`.
 */
export function openRedis(url: string, deadlines: RedisDeadlines = {}): Redis {
  const { commandMs = 1_500, silenceMs = 2_500 } = deadlines;
  const redis = new PunctualRedis(url, {
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
