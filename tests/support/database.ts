import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { openDatabase } from "#core/db/db.ts";
import { migrate } from "#core/db/migrate.ts";
import type { Buckets } from "#core/storage/storage.ts";
import { removeObjects } from "./remove-objects.ts";
import { stackAdmin, stackBuckets, stackEnv } from "./stack.ts";

const migrations = join(import.meta.dir, "../../migrations");
const staleMs = 3 * 3600_000;
/** Any number: one lock for all who make the template. */
const templateLock = 7_265_687_399;

const withDatabase = (url: string, name: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
};

/** A migrated database of its own, cloned from a template that is made once per state of the migrations. */
export async function cloneDatabase(): Promise<{ url: string; drop(buckets?: Buckets): Promise<void> }> {
  const productUrl = stackEnv().POSTGRES_URL ?? "";
  const adminUrl = stackAdmin().POSTGRES_ADMIN_URL;
  const owner = decodeURIComponent(new URL(productUrl).username);
  const name = `rushes_t_${Date.now()}_${Math.random().toString(36).slice(2, 8)}`;
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    const template = await templateOf(admin, productUrl, owner);
    await admin.unsafe(`create database ${name} template ${template} owner "${owner}"`);
  } finally {
    await admin.end();
  }
  return {
    url: withDatabase(productUrl, name),
    async drop(buckets = stackBuckets()) {
      await removeObjects(withDatabase(productUrl, name), buckets);
      const again = postgres(adminUrl, { max: 1, onnotice: () => {} });
      await again.unsafe(`drop database if exists ${name} with (force)`);
      await again.end();
    },
  };
}

async function templateOf(admin: postgres.Sql, productUrl: string, owner: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of readdirSync(migrations).sort())
    if (file.endsWith(".sql")) hash.update(readFileSync(join(migrations, file)));
  const template = `rushes_tpl_${hash.digest("hex").slice(0, 16)}`;
  const exists = async () =>
    (await admin`select 1 from pg_database where datname = ${template}`).length === 1;
  if (await exists()) return template;
  await admin`select pg_advisory_lock(${templateLock})`;
  try {
    if (await exists()) return template;
    await dropStale(admin);
    const draft = `${template}_draft`;
    await admin.unsafe(`drop database if exists ${draft} with (force)`);
    await admin.unsafe(`create database ${draft} owner "${owner}"`);
    const sql = openDatabase(withDatabase(productUrl, draft), { pool: 2, name: "template" });
    await migrate(sql, migrations).finally(() => sql.end());
    await admin.unsafe(`alter database ${draft} rename to ${template}`);
    return template;
  } finally {
    await admin`select pg_advisory_unlock(${templateLock})`;
  }
}

/** What killed runs left behind. */
async function dropStale(admin: postgres.Sql): Promise<void> {
  const rows = await admin<{ name: string }[]>`
    select datname as name from pg_database where datname like 'rushes\_t\_%'`;
  for (const { name } of rows)
    if (Date.now() - Number(name.split("_")[2]) > staleMs)
      await admin.unsafe(`drop database if exists ${name} with (force)`);
}
