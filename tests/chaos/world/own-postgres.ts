import { chown, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "#core/db/db.ts";
import { migrate } from "#core/db/migrate.ts";
import { eventually } from "#tests/support/eventually.ts";
import { freePort } from "./port.ts";
import { mountSmallDisk, unmount } from "./server.ts";

const migrations = join(import.meta.dir, "../../../migrations");

/** A Postgres that may be killed: its own cluster, with one migrated database. */
export interface OwnPostgres {
  readonly url: string;
  readonly folder: string;
  start(): Promise<void>;
  /** SIGQUIT is the immediate shutdown: no checkpoint, sessions cut, recovery at the next start. */
  kill(signal: "SIGQUIT" | "SIGINT"): Promise<void>;
  end(): Promise<void>;
}

export async function openOwnPostgres({
  diskMb,
  env = {},
}: {
  diskMb?: number;
  env?: Record<string, string>;
} = {}): Promise<OwnPostgres> {
  const bin = await binaries();
  const folder = await mkdtemp(join(tmpdir(), "rushes-chaos-postgres-"));
  if (diskMb !== undefined) await mountSmallDisk(folder, diskMb);
  const asServer =
    process.getuid?.() === 0
      ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
      : [];
  if (asServer.length > 0) await chown(folder, await idOf("-u"), await idOf("-g"));
  const data = join(folder, "data");
  const port = await freePort();
  const url = `postgres://rushes@127.0.0.1:${port}/postgres`;
  let server: Bun.Subprocess | undefined;

  const made = Bun.spawn(
    [...asServer, join(bin, "initdb"), "-D", data, "-U", "rushes", "-A", "trust", "-N"],
    {
      stdout: "ignore",
      stderr: "pipe",
      cwd: "/",
    },
  );
  if ((await made.exited) !== 0) throw new Error(`initdb failed: ${await new Response(made.stderr).text()}`);
  await writeFile(join(data, "postgresql.auto.conf"), "max_wal_size = 64MB\nmin_wal_size = 32MB\n", {
    flag: "a",
  }).catch(() => {});

  async function start() {
    server = Bun.spawn(
      [
        ...asServer,
        "env",
        ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
        join(bin, "postgres"),
        "-D",
        data,
        "-p",
        String(port),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "unix_socket_directories=",
        "-c",
        "max_connections=100",
      ],
      { stdout: "ignore", stderr: "ignore", cwd: "/" },
    );
    const sql = openDatabase(url, { pool: 1, name: "chaos-start" });
    await eventually(() => sql`select 1`, { withinMs: 30_000 }).finally(() => sql.end({ timeout: 1 }));
  }
  async function kill(signal: "SIGQUIT" | "SIGINT") {
    server?.kill(signal);
    await server?.exited;
  }

  await start();
  const sql = openDatabase(url, { pool: 1, name: "chaos-migrate", isPatient: true });
  await migrate(sql, migrations).finally(() => sql.end());
  return {
    url,
    folder,
    start,
    kill,
    async end() {
      await kill("SIGQUIT");
      if (diskMb !== undefined) await unmount(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function binaries(): Promise<string> {
  const root = "/usr/lib/postgresql";
  const versions = await readdir(root).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (!newest) throw new Error("Postgres is not installed: run `make dev`");
  return join(root, newest, "bin");
}

async function idOf(flag: "-u" | "-g"): Promise<number> {
  return Number(await new Response(Bun.spawn(["id", flag, "postgres"]).stdout).text());
}
