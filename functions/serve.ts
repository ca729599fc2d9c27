import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ConfigError, readConfig } from "#core/config.ts";
import { migrate } from "#core/db/migrate.ts";
import { openResources } from "#core/resources.ts";
import { openLog } from "#core/telemetry/log.ts";
import { surviveStrayResets } from "#core/telemetry/stray-errors.ts";
import { everyFunction } from "./apps.ts";
import { startBackground } from "./background.ts";

/** Bodies are small JSON; files go to the storage. The apps refuse from 2 MB with a reason, this is the wall behind. */
const maxRequestBodySize = 4_000_000;
/** Longer than the heartbeat of an event stream. */
const idleTimeoutSeconds = 60;
const closeNoticeMs = 1_000;
const drainMs = 10_000;

/** All functions and triggers in one process: self-hosting, local work, tests. Resolves to how to stop it. */
export async function serve(env: Record<string, string | undefined>) {
  const config = readConfig(env, "api");
  const resources = openResources(config);
  const { log } = resources;
  if (env.RUSHES_MIGRATE === "1") {
    const applied = await migrate(resources.sql, join(import.meta.dir, "../migrations"));
    log.info({ applied }, "migrations applied");
  }
  const gateway = everyFunction(resources);
  const background = env.RUSHES_BACKGROUND === "0" ? undefined : startBackground(resources);
  const stopping = new AbortController();

  const server = Bun.serve({
    hostname: config.API_HOST,
    port: config.API_PORT,
    maxRequestBodySize,
    idleTimeout: idleTimeoutSeconds,
    async fetch(request, self) {
      const address = self.requestIP(request)?.address;
      const answer = await gateway.fetch(request, {
        ...(address ? { address } : {}),
        stopping: stopping.signal,
        keepOpen: () => self.timeout(request, 0),
      });
      if (stopping.signal.aborted) answer.headers.set("Connection", "close");
      return answer;
    },
    error(error) {
      log.error({ err: error }, "a request failed outside of every app");
      return Response.json(
        { type: "about:blank", title: "Something broke on our side", status: 500 },
        { status: 500, headers: { "Content-Type": "application/problem+json" } },
      );
    },
  });
  log.info({ port: server.port }, "serving");

  /** Readiness turns first and connections are told to close, so that no client is cut off in a request. */
  async function stop() {
    stopping.abort();
    await Promise.all([
      (async () => {
        await pause(closeNoticeMs);
        const drained = server.stop();
        await Promise.race([drained, pause(drainMs)]);
        await server.stop(true);
      })(),
      background?.stop(),
    ]);
    await resources.close();
  }
  return { port: server.port, stop };
}

async function main(): Promise<void> {
  surviveStrayResets(openLog("rushes-api", "warn"));
  const running = await serve(process.env);
  let isLeaving = false;
  const leave = () => {
    if (isLeaving) return;
    isLeaving = true;
    void running.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", leave);
  process.on("SIGINT", leave);
}

if (import.meta.main)
  main().catch((error: unknown) => {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  });
