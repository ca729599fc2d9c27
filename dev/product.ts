import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "#dev/environment.ts";
import { type Instance, repoRoot } from "#dev/instance.ts";
import { plainEnv, runningPid, startDaemon, stopDaemon, waitReady } from "#dev/processes.ts";

/** One process of the product: how it is started and how it says that it is there. */
export type Part = {
  name: "api" | "worker" | "edge" | "site";
  argv: string[];
  env: Environment;
  health: string;
  /** how long it may take to put down what it holds */
  graceMs: number;
};

const pick = (environment: Environment, wanted: (name: string) => boolean): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => wanted(name)));

/** Locally as in production, a process gets no other consumer's storage key. */
const ownKeys = (users: string[]) => (name: string) => {
  const user = /^S3_([A-Z]+)_/.exec(name)?.[1];
  return user === undefined || users.includes(user);
};

/** The product's processes on this instance, in the order in which they start. */
export const productParts = (instance: Instance, environment: Environment): Part[] => {
  const { ports } = instance;
  const bun = process.execPath;
  const edgeNeeds = /^(EDGE|CACHE|WASABI|S3_EDGE)_|^BUCKET_PREVIEWS$/;
  return [
    {
      name: "api",
      argv: [bun, "functions/serve.ts"],
      env: pick(environment, ownKeys(["PRESIGNER", "PROMOTER", "DOWNLOADER", "CUSTODIAN"])),
      health: `http://127.0.0.1:${ports.api}/healthz`,
      graceMs: 15_000,
    },
    {
      name: "worker",
      argv: [bun, "gpu/worker.ts"],
      env: pick(environment, ownKeys(["WORKER"])),
      health: `http://127.0.0.1:${ports.workerMetrics}/healthz`,
      graceMs: 20_000,
    },
    {
      name: "edge",
      argv: ["sh", "edge/start.sh"],
      env: pick(environment, (name) => edgeNeeds.test(name)),
      health: `http://127.0.0.1:${ports.edge}/healthz`,
      graceMs: 5_000,
    },
    {
      name: "site",
      argv: [bun, "site/dist/server/entry.mjs"],
      env: {
        ...pick(environment, (name) => name.startsWith("PUBLIC_") || name === "SITE_KEY"),
        HOST: "127.0.0.1",
        PORT: String(ports.site),
        NODE_ENV: "production",
      },
      health: `http://127.0.0.1:${ports.site}/favicon.svg`,
      graceMs: 5_000,
    },
  ];
};

export const isHealthy = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000), redirect: "manual" });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

const daemonOf = (instance: Instance, part: Part) => ({
  name: part.name,
  runDir: instance.runDir,
  logFile: join(instance.logDir, `${part.name}.log`),
});

/** Starts one process unless it runs; answers the child when this call started it. */
export const launch = (instance: Instance, part: Part): Bun.Subprocess | null => {
  if (runningPid(instance.runDir, part.name) !== null) return null;
  return startDaemon({
    ...daemonOf(instance, part),
    argv: part.argv,
    cwd: repoRoot,
    env: { ...plainEnv(), ...part.env },
  });
};

export const waitHealthy = (instance: Instance, part: Part): Promise<void> =>
  waitReady(daemonOf(instance, part), () => isHealthy(part.health), 60_000);

/** Stops the product's processes; those that hold work first, so that they can put it back. */
export const stopProduct = async (instance: Instance, graceMs?: number): Promise<void> => {
  const parts = productParts(instance, {});
  await Promise.all(
    parts.map((part) => stopDaemon(instance.runDir, part.name, { graceMs: graceMs ?? part.graceMs })),
  );
};

/** Parts whose source is in this tree; a young tree may lack some. */
export const presentParts = (parts: Part[]): Part[] =>
  parts.filter((part) => part.argv.slice(1).every((file) => existsSync(join(repoRoot, file))));
