import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { type Instance, isRoot, makePostgresDir } from "#dev/instance.ts";
import { plainEnv, run, runningPid, runOrStop, startDaemon, stopDaemon, waitReady } from "#dev/processes.ts";
import { Stop } from "#dev/say.ts";

/** Debian keeps the server binaries out of PATH, in a folder per major version; the newest wins. */
const binDir = (): string => {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root) : [];
  const newest = versions
    .filter((version) => existsSync(join(root, version, "bin", "postgres")))
    .sort((a, b) => Number(b) - Number(a))[0];
  if (!newest) throw new Stop("Postgres is not installed: run `make dev`, or apt-get install postgresql");
  return join(root, newest, "bin");
};

const asServer = (argv: string[]): string[] =>
  isRoot() ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", ...argv] : argv;

export const postgresUrl = (
  instance: Instance,
  role: "rushes" | "rushes_admin",
  database = "rushes",
): string => {
  const password = role === "rushes" ? instance.secrets.postgres : instance.secrets.postgresAdmin;
  return `postgres://${role}:${password}@127.0.0.1:${instance.ports.postgres}/${database}`;
};

const settings = (instance: Instance): Record<string, string> => ({
  listen_addresses: "127.0.0.1",
  port: String(instance.ports.postgres),
  unix_socket_directories: "",
  max_connections: "300",
  shared_buffers: "64MB",
  password_encryption: "scram-sha-256",
  timezone: "UTC",
  log_min_duration_statement: "500",
  // A test database need not survive a power cut, only the death of its server.
  ...(instance.isTest ? { fsync: "off", full_page_writes: "off" } : {}),
});

const initCluster = async (instance: Instance): Promise<void> => {
  const data = instance.postgresDir;
  // Without its last file a cluster is the rest of an interrupted initdb.
  if (existsSync(join(data, "rushes-ready"))) return;
  rmSync(data, { recursive: true, force: true });
  await makePostgresDir(data);
  const init = `umask 077; p=$(mktemp); cat >"$p"; "$0" -D "$1" -U rushes_admin -A scram-sha-256 --pwfile="$p" -E UTF8 --locale=C.UTF-8 -N >/dev/null; r=$?; rm -f "$p"; exit $r`;
  await runOrStop(asServer(["sh", "-c", init, join(binDir(), "initdb"), data]), {
    stdin: `${instance.secrets.postgresAdmin}\n`,
  });
  await runOrStop(asServer(["touch", join(data, "rushes-ready")]));
};

const reachable = async (url: string): Promise<boolean> => {
  const sql = postgres(url, { max: 1, connect_timeout: 3, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch (error) {
    // 28P01: it runs, and our password is not its password; waiting would not help.
    if ((error as { code?: string }).code === "28P01") throw error;
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
};

const ensureRoleAndDatabase = async (instance: Instance): Promise<void> => {
  const sql = postgres(postgresUrl(instance, "rushes_admin", "postgres"), { max: 1, onnotice: () => {} });
  try {
    const password = instance.secrets.postgres;
    const [role] = await sql`select 1 from pg_roles where rolname = 'rushes'`;
    if (!role) await sql.unsafe(`create role rushes login password '${password}'`);
    const [database] = await sql`select 1 from pg_database where datname = 'rushes'`;
    if (!database) await sql.unsafe("create database rushes owner rushes");
  } finally {
    await sql.end();
  }
};

/** Starts the instance's own Postgres and makes its role and database. Does nothing when it runs. */
export const startPostgres = async (instance: Instance): Promise<void> => {
  const daemon = {
    name: "postgres",
    runDir: instance.runDir,
    logFile: join(instance.logDir, "postgres.log"),
  };
  if (runningPid(instance.runDir, "postgres") === null) {
    await initCluster(instance);
    const options = Object.entries(settings(instance)).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    startDaemon({
      ...daemon,
      argv: asServer([join(binDir(), "postgres"), "-D", instance.postgresDir, ...options]),
      env: { ...plainEnv(), HOME: instance.postgresDir },
    });
  }
  await waitReady(daemon, () => reachable(postgresUrl(instance, "rushes_admin", "postgres")));
  await ensureRoleAndDatabase(instance);
};

/** SIGINT is Postgres' fast shutdown: sessions are cut, nothing is lost. */
export const stopPostgres = (instance: Instance, graceMs = 20_000): Promise<boolean> =>
  stopDaemon(instance.runDir, "postgres", { signal: "SIGINT", graceMs });

/** The version that runs here, for messages. */
export const postgresVersion = async (): Promise<string> =>
  (await run([join(binDir(), "postgres"), "--version"])).stdout.trim();
