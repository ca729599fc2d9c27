import type { Redis } from "ioredis";
import type { WorkerConfig } from "#core/config.ts";
import type { Sql } from "#core/db/db.ts";
import type { Queue } from "#core/queue/port.ts";
import { openMetrics } from "#core/telemetry/metrics.ts";
import type { Device } from "./device.ts";
import type { Sandbox } from "./sandbox.ts";

export interface Status {
  ended: (outcome: string, engine: string, seconds: number) => void;
  close(): void;
}

interface Deps {
  config: Readonly<WorkerConfig>;
  sql: Sql;
  redis: Redis;
  queue: Queue;
  device: Device;
  sandbox: Sandbox;
}

const DEADLINE_MS = 2_000;

/** `/healthz`, `/readyz` and `/metrics` of the worker. Port 0: none. */
export function openStatus({ config, sql, redis, queue, device, sandbox }: Deps): Status {
  const counts = new Map<string, { outcome: string; engine: string; builds: number; seconds: number }>();
  const metrics = openMetrics();
  const perEnd = (field: "builds" | "seconds") => async () =>
    [...counts.values()].map(({ outcome, engine, ...value }) => ({
      labels: { outcome, engine },
      value: value[field],
    }));
  metrics.gauge(
    "rushes_preview_builds",
    "Builds ended, by outcome and engine",
    ["outcome", "engine"],
    perEnd("builds"),
  );
  metrics.gauge(
    "rushes_preview_build_seconds",
    "Seconds spent in builds",
    ["outcome", "engine"],
    perEnd("seconds"),
  );
  metrics.gauge("rushes_worker_encoder", "1 where the GPU encodes", ["device"], async () => [
    { labels: { device: device.describe() }, value: device.offers().encode ? 1 : 0 },
  ]);
  metrics.gauge("rushes_worker_sandbox", "1 where the machine permits it", ["offer"], async () =>
    Object.entries(sandbox.offers).map(([offer, isThere]) => ({ labels: { offer }, value: isThere ? 1 : 0 })),
  );

  async function ready(): Promise<Response> {
    const checks = await Promise.all(
      Object.entries({
        postgres: () => sql`select 1`,
        redis: () => redis.ping(),
        queue: () => queue.stats(),
      }).map(async ([name, check]) => [name, await answers(check)] as const),
    );
    const isReady = checks.every(([, ok]) => ok);
    return Response.json(
      { ...Object.fromEntries(checks), device: device.describe() },
      { status: isReady ? 200 : 503 },
    );
  }

  const server =
    config.WORKER_PORT === 0
      ? undefined
      : Bun.serve({
          hostname: config.WORKER_HOST,
          port: config.WORKER_PORT,
          routes: {
            "/healthz": () => new Response("ok\n"),
            "/readyz": ready,
            "/metrics": async () =>
              new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } }),
          },
          fetch: () => new Response("not found\n", { status: 404 }),
        });
  return {
    ended(outcome, engine, seconds) {
      const key = `${outcome} ${engine}`;
      const count = counts.get(key) ?? { outcome, engine, builds: 0, seconds: 0 };
      counts.set(key, { ...count, builds: count.builds + 1, seconds: count.seconds + seconds });
    },
    close: () => void server?.stop(true),
  };
}

async function answers(check: () => PromiseLike<unknown>): Promise<boolean> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error("late")), DEADLINE_MS).unref(),
  );
  return Promise.race([check(), late]).then(
    () => true,
    () => false,
  );
}
