import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signEdgeToken } from "#core/signing/edge-token.ts";
import { eventually } from "#tests/support/eventually.ts";
import { stackEnv } from "#tests/support/stack.ts";

const home = join(import.meta.dir, "../../../edge");
/** A command to run every edge under, for example one that enters another system with a newer nginx. */
export const under = (process.env.EDGE_TEST_UNDER ?? "").split(" ").filter((word) => word !== "");

export const currentKey = { kid: "k2", secret: "the-current-secret-of-the-edge-tests-1" };
export const previousKey = { kid: "k1", secret: "the-previous-secret-of-the-edge-tests-2" };
export const purgeKey = "purge-key-of-the-edge-tests";

export interface Edge {
  /** Where viewers go, without a slash at the end. */
  base: string;
  port: number;
  /** Purge, hydrate, metrics, readiness. */
  control: string;
  cachePath: string;
  runPath: string;
  pid: number;
  /** The access log so far, one object a line; flushed by the edge within a few seconds. */
  log(): string;
  faults(): string;
  /** A signed URL of something under a version. */
  url(versionId: string, rest: string): string;
  stop(): Promise<void>;
  /** Stops, and starts again on the same folders and ports. */
  restart(change?: Record<string, string>): Promise<Edge>;
  /** Stops and deletes its folders. */
  end(): Promise<void>;
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Seconds from now until which the tests' tokens live; a multiple of the edge's slot. */
export function soon(seconds = 3600): number {
  return Math.ceil((Date.now() / 1000 + seconds) / 100) * 100;
}

/** The edge's part of the environment of the local stack: the real storage, read with the edge's own keys. */
export function storageEnv(): Record<string, string> {
  const env = stackEnv();
  const names = [
    "WASABI_ENDPOINT",
    "WASABI_REGION",
    "BUCKET_PREVIEWS",
    "S3_EDGE_ACCESS_KEY_ID",
    "S3_EDGE_SECRET_ACCESS_KEY",
  ];
  return Object.fromEntries(names.map((name) => [name, env[name] ?? ""]));
}

/** How the edge is started: from which folder of scripts, and under which command (a namespace, another user). */
export interface Manner {
  home?: string;
  under?: string[];
}

/** Starts a real edge as production does: start.sh with an environment, nothing else. */
export async function startEdge(change: Record<string, string> = {}, manner: Manner = {}): Promise<Edge> {
  const folder = mkdtempSync(join(process.env.EDGE_TEST_PATH ?? tmpdir(), "rushes-edge-"));
  const [port, control] = await freePorts(2);
  const env = {
    PATH: process.env.PATH ?? "",
    ...storageEnv(),
    EDGE_SIGNING_KEY: `${currentKey.kid}:${currentKey.secret}`,
    EDGE_SIGNING_KEY_PREVIOUS: `${previousKey.kid}:${previousKey.secret}`,
    EDGE_PURGE_KEY: purgeKey,
    EDGE_PORT: String(port),
    EDGE_PURGE_PORT: String(control),
    EDGE_RUN_PATH: join(folder, "run"),
    EDGE_WORKERS: "2",
    EDGE_TEND_SECONDS: "1",
    CACHE_PATH: join(folder, "cache"),
    CACHE_MAX_BYTES: "400000000",
    CACHE_MIN_FREE_BYTES: "1000000",
    CACHE_TTL_DAYS: "7",
    ...change,
  };
  Bun.spawnSync(["chmod", "755", folder]);
  return run(folder, env, manner);
}

async function run(folder: string, env: Record<string, string>, manner: Manner): Promise<Edge> {
  mkdirSync(join(folder, "out"), { recursive: true });
  const out = join(folder, "out", `${Date.now()}.log`);
  const faults = `${out}.faults`;
  const started = Bun.spawn(
    [...under, ...(manner.under ?? []), "sh", join(manner.home ?? home, "start.sh")],
    {
      env,
      stdin: "ignore",
      stdout: Bun.file(out),
      stderr: Bun.file(faults),
    },
  );
  const control = `http://127.0.0.1:${env.EDGE_PURGE_PORT}`;
  const readFaults = () => readFileSync(faults, "utf8");
  const stop = async () => {
    started.kill("SIGTERM");
    await started.exited;
  };
  await eventually(
    async () => {
      if (started.exitCode !== null) return;
      // An edge that is taken over still answers for a moment.
      const number = readFileSync(join(env.EDGE_RUN_PATH ?? "", "start.pid"), "utf8").trim();
      if (number !== String(started.pid)) throw new Error("another edge is there");
      const answer = await fetch(`${control}/healthz`);
      if (answer.status !== 200) throw new Error(`the edge answers ${answer.status}`);
    },
    { withinMs: 15_000 },
  );
  if (started.exitCode !== null) throw new Error(`the edge did not start: ${readFaults()}`);
  const scheme = env.EDGE_TLS_CERT ? "https" : "http";
  const base = `${scheme}://127.0.0.1:${env.EDGE_PORT}`;
  return {
    base,
    port: Number(env.EDGE_PORT),
    control,
    cachePath: env.CACHE_PATH ?? "",
    runPath: env.EDGE_RUN_PATH ?? "",
    pid: started.pid,
    log: () => readFileSync(out, "utf8"),
    faults: readFaults,
    url: (versionId, rest) => `${base}${signEdgeToken(currentKey, versionId, soon())}${rest}`,
    stop,
    async restart(change = {}) {
      await stop();
      return run(folder, { ...env, ...change }, manner);
    },
    async end() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks the control port, with the key unless told otherwise. */
export function control(
  edge: Edge,
  method: string,
  path: string,
  body?: unknown,
  key = purgeKey,
): Promise<Response> {
  return fetch(`${edge.control}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
