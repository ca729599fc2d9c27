import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pool } from "./db.ts";

/** Any number: one lock for all who migrate this database. */
const lockId = 7_265_687_351;

/**
 * Applies `NNNN_name.sql` files in order, each in its own transaction, under an advisory lock.
 * Throws when an applied file has changed or vanished. Returns the names applied now.
 */
export async function migrate(sql: Pool, folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  const connection = await sql.reserve();
  try {
    await connection`select pg_advisory_lock(${lockId})`;
    await connection`create table if not exists migrations (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`;
    const applied = new Map(
      (await connection<{ name: string; checksum: string }[]>`select name, checksum from migrations`).map(
        (row) => [row.name, row.checksum],
      ),
    );
    for (const name of applied.keys())
      if (!names.includes(name)) throw new Error(`migration ${name} was applied here but its file is gone`);
    const done: string[] = [];
    for (const name of names) {
      const text = await readFile(join(folder, name), "utf8");
      const checksum = createHash("sha256").update(text).digest("hex");
      const before = applied.get(name);
      if (before === checksum) continue;
      if (before !== undefined) throw new Error(`migration ${name} was changed after it was applied`);
      await connection
        .unsafe(
          `begin; set local lock_timeout = '5s'; set local statement_timeout = 0;\n${text}\n;
         insert into migrations (name, checksum) values ('${name}', '${checksum}'); commit`,
        )
        .catch(async (error: unknown) => {
          await connection.unsafe("rollback");
          throw new Error(`migration ${name} failed`, { cause: error });
        });
      done.push(name);
    }
    return done;
  } finally {
    await connection`select pg_advisory_unlock(${lockId})`.catch(() => {});
    connection.release();
  }
}
