import { join } from "node:path";
import { openDatabase } from "#core/db/db.ts";
import { migrate } from "#core/db/migrate.ts";
import { readOutside } from "#dev/environment.ts";
import { openInstance, repoRoot } from "#dev/instance.ts";
import { serverPorts } from "#dev/ports.ts";
import { postgresUrl, startPostgres } from "#dev/postgres.ts";
import { runCommand, say } from "#dev/say.ts";

/** Brings a database to the state of `migrations/`. Answers the names applied now. */
export const migrateDatabase = async (url: string): Promise<string[]> => {
  const sql = openDatabase(url, { pool: 1, name: "migrate", isPatient: true });
  try {
    return await migrate(sql, join(repoRoot, "migrations"));
  } finally {
    await sql.end();
  }
};

const main = async (): Promise<number> => {
  let url = readOutside(process.env).postgres;
  if (!url) {
    const instance = await openInstance("dev", { claim: serverPorts });
    await startPostgres(instance);
    url = postgresUrl(instance, "rushes");
  }
  const applied = await migrateDatabase(url);
  say(applied.length > 0 ? `applied ${applied.join(", ")}` : "the database is up to date");
  return 0;
};

if (import.meta.main) await runCommand(main);
