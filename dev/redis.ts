import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Redis from "ioredis";
import { type Instance, writePrivate } from "#dev/instance.ts";
import { runningPid, startDaemon, stopDaemon, waitReady } from "#dev/processes.ts";

export const redisUrl = (instance: Instance, database = 0): string =>
  `redis://:${instance.secrets.redis}@127.0.0.1:${instance.ports.redis}/${database}`;

const answersPing = async (url: string): Promise<boolean> => {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
};

/** Starts the instance's own Redis: append-only file on, nothing evicted, many databases so that tests do not meet. */
export const startRedis = async (instance: Instance): Promise<void> => {
  const daemon = { name: "redis", runDir: instance.runDir, logFile: join(instance.logDir, "redis.log") };
  if (runningPid(instance.runDir, "redis") === null) {
    const data = join(instance.dir, "redis");
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const conf = join(data, "redis.conf");
    writePrivate(
      conf,
      [
        "bind 127.0.0.1",
        `port ${instance.ports.redis}`,
        "protected-mode yes",
        `requirepass ${instance.secrets.redis}`,
        `dir "${data}"`,
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "databases 4096",
        "daemonize no",
        "",
      ].join("\n"),
    );
    startDaemon({ ...daemon, argv: ["redis-server", conf] });
  }
  await waitReady(daemon, () => answersPing(redisUrl(instance)));
};

export const stopRedis = (instance: Instance, graceMs = 10_000): Promise<boolean> =>
  stopDaemon(instance.runDir, "redis", { graceMs });
