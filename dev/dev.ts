import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printAccess, writeAccess } from "#dev/access.ts";
import { type Environment, readOutside } from "#dev/environment.ts";
import { type Instance, openInstance, repoRoot } from "#dev/instance.ts";
import { migrateDatabase } from "#dev/migrate.ts";
import { portNames } from "#dev/ports.ts";
import {
  forget,
  markRunning,
  plainEnv,
  refuseStarts,
  runningPid,
  startDaemon,
  stopDaemon,
  withLock,
} from "#dev/processes.ts";
import { presentParts, productParts, stopProduct } from "#dev/product.ts";
import { runCommand, Stop, say, step } from "#dev/say.ts";
import { beginClip, type Demo, savedDemo, seed } from "#dev/seed.ts";
import { startServers, stopServers } from "#dev/servers.ts";
import { buildSite, hashOf, sources } from "#dev/site-build.ts";
import { usesSqs } from "#dev/sqs-environment.ts";
import { type Supervision, supervise, watchServers } from "#dev/supervisor.ts";

const NAME = "supervisor";
const readyFile = (instance: Instance) => join(instance.runDir, "ready");

/** What is run, in a word: another one means that who runs is out of date. */
const edition = async (): Promise<string> =>
  `${await hashOf([...sources, "{dev,edge,functions,gpu}/**/*.{ts,js,sh,awk,conf}", "migrations/*.sql"])} ${usesSqs() ? "sqs" : "redis"}`;

/** Settles with the first signal that asks to stop. A second one kills what is left and leaves. */
const stopSignal = (instance: Instance): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        if (!asked) {
          asked = true;
          refuseStarts();
          say(`stopping (${signal}); once more to stop at once`);
          resolve(signal);
          return;
        }
        void stopProduct(instance, 0)
          .then(() => stopServers(instance, 0))
          .finally(() => process.exit(130));
      });
  });

const start = async (instance: Instance, supervisions: Supervision[]): Promise<void> => {
  const outside = readOutside(process.env);
  await withLock(instance.runDir, "starting", async () => {
    // What a killed supervisor left behind runs with an older environment.
    await stopProduct(instance);
    const site = buildSite(join(instance.logDir, "site-build.log"));
    // Its failure is reported below, after the servers; until then it must not count as unhandled.
    site.catch(() => {});
    const clip = beginClip(instance);
    const environment = await startServers(instance, outside);
    const applied = await migrateDatabase(environment.POSTGRES_URL ?? "");
    say(applied.length > 0 ? `database migrated: ${applied.length} files` : "database is up to date");
    say((await site) ? "site is built" : "site was built already");
    const parts = presentParts(productParts(instance, environment));
    supervisions.push(await supervise(instance, parts));
    supervisions.push(watchServers(instance, () => startServers(instance, outside)));
    writeAccess(instance, environment, await demoOf(instance, environment, clip));
  });
};

/** Rushes without its demo is still worth having; why the demo is not there is said, not hidden. */
const demoOf = async (
  instance: Instance,
  environment: Environment,
  clip: ReturnType<typeof beginClip>,
): Promise<Demo> => {
  try {
    return await step("demo is there", () => seed(instance, environment, clip));
  } catch (error) {
    say(
      `! the demo could not be made, repeat make dev to try again: ${error instanceof Error ? error.message : error}`,
    );
    return savedDemo(instance);
  }
};

/** `make dev`: everything here, until a signal. */
const run = async (): Promise<number> => {
  const other = runningPid(join(repoRoot, ".rushes/dev/run"), NAME);
  const runs = other !== null && other !== process.pid;
  const instance = await openInstance("dev", { claim: runs ? [] : portNames });
  if (runs) {
    printAccess(instance);
    say("it runs already; make down stops it");
    return 0;
  }
  markRunning(instance.runDir, NAME, process.pid);
  rmSync(readyFile(instance), { force: true });
  const asked = stopSignal(instance);
  const supervisions: Supervision[] = [];
  let code = 0;
  try {
    const now = await edition();
    const started = start(instance, supervisions);
    started.catch(() => {});
    const signal = await Promise.race([asked, started]);
    if (signal === undefined) {
      printAccess(instance);
      writeFileSync(readyFile(instance), now);
      if (process.argv[2] !== "background") say("Ctrl-C stops everything");
      await asked;
    } else code = 130;
  } catch (error) {
    refuseStarts();
    process.stderr.write(`${error instanceof Stop ? error.message : Bun.inspect(error)}\n`);
    code = 1;
  }
  for (const supervision of supervisions) supervision.stop();
  rmSync(readyFile(instance), { force: true });
  await stopProduct(instance);
  await stopServers(instance);
  forget(instance.runDir, NAME);
  say("stopped");
  return code;
};

/** `make up`: the same in the background; comes back when the demo can be opened. What is out of date starts anew. */
const up = async (): Promise<number> => {
  const instance = await openInstance("dev", { claim: [] });
  const logFile = join(instance.logDir, "supervisor.log");
  if (runningPid(instance.runDir, NAME) !== null && existsSync(readyFile(instance))) {
    if (readFileSync(readyFile(instance), "utf8") === (await edition())) {
      printAccess(instance);
      say("it runs already; make down stops it, make logs shows what it says");
      return 0;
    }
    say("what runs is of other sources or on another queue; it starts anew");
    await down();
  }
  if (runningPid(instance.runDir, NAME) === null) {
    rmSync(logFile, { force: true });
    const caller = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined));
    startDaemon({
      name: NAME,
      runDir: instance.runDir,
      logFile,
      argv: [process.execPath, import.meta.path, "background"],
      cwd: repoRoot,
      env: { ...plainEnv(), ...(caller as Record<string, string>) },
    });
  }
  let shown = 0;
  for (;;) {
    const ready = existsSync(readyFile(instance));
    const alive = runningPid(instance.runDir, NAME) !== null;
    const text = existsSync(logFile) ? readFileSync(logFile, "utf8") : "";
    process.stdout.write(text.slice(shown));
    shown = text.length;
    if (ready) {
      say("it runs in the background; make down stops it, make logs shows what it says");
      return 0;
    }
    if (!alive) return 1;
    await Bun.sleep(200);
  }
};

const down = async (): Promise<number> => {
  const instance = await openInstance("dev", { claim: [] });
  const ran = await stopDaemon(instance.runDir, NAME, { graceMs: 60_000 });
  await stopProduct(instance);
  await stopServers(instance);
  say(ran ? "stopped" : "nothing ran");
  return 0;
};

const status = async (): Promise<number> => {
  const instance = await openInstance("dev", { claim: [] });
  const names = [
    NAME,
    "postgres",
    "redis",
    "sqs",
    "ceph-mon",
    "ceph-osd",
    "radosgw",
    "oidc",
    "api",
    "worker",
    "edge",
    "site",
  ];
  for (const name of names) {
    const pid = runningPid(instance.runDir, name);
    process.stdout.write(`${name.padEnd(12)}${pid === null ? "not running" : `running, pid ${pid}`}\n`);
  }
  if (existsSync(readyFile(instance))) printAccess(instance);
  return 0;
};

const commands: Record<string, () => Promise<number>> = { run, background: run, up, down, status };

await runCommand(() => {
  const command = commands[process.argv[2] ?? "run"];
  if (!command) throw new Stop(`usage: bun dev/dev.ts ${Object.keys(commands).join("|")}`);
  return command();
});
