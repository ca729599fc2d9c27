import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeBuckets, storageClient } from "#dev/buckets.ts";
import { allowPartCopies, startCeph, stopCeph } from "#dev/ceph.ts";
import {
  adminEnvironment,
  type Environment,
  localBuckets,
  type Outside,
  productEnvironment,
} from "#dev/environment.ts";
import { type Instance, repoRoot, writePrivate } from "#dev/instance.ts";
import { startPostgres, stopPostgres } from "#dev/postgres.ts";
import { plainEnv, runningPid, startDaemon, stopDaemon, waitReady } from "#dev/processes.ts";
import { startRedis, stopRedis } from "#dev/redis.ts";
import { step } from "#dev/say.ts";
import { usesSqs } from "#dev/sqs-environment.ts";

const startStorage = async (instance: Instance): Promise<void> => {
  await startCeph(instance);
  const s3 = storageClient(
    `http://127.0.0.1:${instance.ports.s3}`,
    "us-east-1",
    instance.secrets.storage.ADMIN,
  );
  try {
    const lockMode = process.env.MASTER_LOCK_MODE === "COMPLIANCE" ? "COMPLIANCE" : "GOVERNANCE";
    const buckets = localBuckets(instance);
    await makeBuckets(s3, buckets, {
      site: `http://localhost:${instance.ports.site}`,
      // In a test instance the product's own sweep is under test, and the storage must not come before it.
      days: instance.isTest ? 120 : 7,
      lockMode,
    });
    await allowPartCopies(instance, s3, buckets.staging);
  } finally {
    s3.destroy();
  }
};

/** Starts the local sign-in; it is told everything, so that it never looks for ports or secrets itself. */
const startOidc = async (instance: Instance, environment: Environment): Promise<void> => {
  const daemon = { name: "oidc", runDir: instance.runDir, logFile: join(instance.logDir, "oidc.log") };
  const url = `${environment.OIDC_ISSUER}/healthz`;
  if (runningPid(instance.runDir, "oidc") === null)
    startDaemon({
      ...daemon,
      argv: [process.execPath, join(repoRoot, "dev/oidc/serve.ts")],
      cwd: repoRoot,
      env: {
        ...plainEnv(),
        ...Object.fromEntries(Object.entries(environment).filter(([name]) => /^(OIDC|PUBLIC)_/.test(name))),
        OIDC_KEYS_FILE: join(instance.dir, "oidc-keys.json"),
        OIDC_SCRIPTS_SECRET: instance.secrets.oidcScripts,
        OIDC_DEMO_SECRET: instance.secrets.demo,
      },
    });
  await waitReady(daemon, () => isOk(url));
};

/** Its messages live in memory: hints that a restart forgets are sent again by the reconciler. */
const startSqs = async (instance: Instance): Promise<void> => {
  const daemon = { name: "sqs", runDir: instance.runDir, logFile: join(instance.logDir, "sqs.log") };
  if (runningPid(instance.runDir, "sqs") === null)
    startDaemon({
      ...daemon,
      argv: [process.execPath, join(repoRoot, "dev/sqs.ts"), String(instance.ports.sqs)],
      cwd: repoRoot,
      env: plainEnv(),
    });
  await waitReady(daemon, () => isOk(`http://127.0.0.1:${instance.ports.sqs}/health`));
};

const isOk = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
};

/** Starts the rented servers (all but those given from outside) and writes the instance's `env.json`. */
export const startServers = async (instance: Instance, outside: Outside): Promise<Environment> => {
  const environment = productEnvironment(instance, outside);
  const starting: Promise<void>[] = [step("sign-in is up", () => startOidc(instance, environment))];
  if (!outside.postgres) starting.push(step("postgres is up", () => startPostgres(instance)));
  if (!outside.redis) starting.push(step("redis is up", () => startRedis(instance)));
  if (usesSqs()) starting.push(step("sqs is up", () => startSqs(instance)));
  if (!outside.storage) starting.push(step("storage is up", () => startStorage(instance)));
  const failed = (await Promise.allSettled(starting)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  for (const folder of ["CACHE_PATH", "SCRATCH_PATH"]) {
    const path = environment[folder];
    if (path) mkdirSync(path, { recursive: true });
  }
  writePrivate(join(instance.dir, "env.json"), `${JSON.stringify(environment, null, 2)}\n`);
  const admin = adminEnvironment(instance, outside);
  writePrivate(join(instance.dir, "admin.json"), `${JSON.stringify(admin, null, 2)}\n`);
  return environment;
};

/** Stops what `startServers` started, and nothing else. */
export const stopServers = async (instance: Instance, graceMs?: number): Promise<void> => {
  await Promise.all([
    stopDaemon(instance.runDir, "oidc", { graceMs: graceMs ?? 3_000 }),
    stopCeph(instance, graceMs),
    stopRedis(instance, graceMs),
    stopDaemon(instance.runDir, "sqs", { graceMs: graceMs ?? 3_000 }),
    stopPostgres(instance, graceMs),
  ]);
};
