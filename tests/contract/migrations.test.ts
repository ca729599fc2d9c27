import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFile, cp, mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { openDatabase, type Pool } from "#core/db/db.ts";
import { migrate } from "#core/db/migrate.ts";
import { stackAdmin, stackEnv } from "#tests/support/stack.ts";

const ours = join(import.meta.dir, "../../migrations");
const name = `rushes_t_${Date.now()}_migrate`;
let admin: postgres.Sql;
let sql: Pool;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rushes-migrations-"));
  await cp(ours, folder, { recursive: true });
  const url = new URL(stackEnv().POSTGRES_URL ?? "");
  admin = postgres(stackAdmin().POSTGRES_ADMIN_URL, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name} owner "${decodeURIComponent(url.username)}"`);
  url.pathname = `/${name}`;
  sql = openDatabase(url.href, { pool: 4, name: "migrations" });
});

afterAll(async () => {
  await sql.end();
  await admin.unsafe(`drop database if exists ${name} with (force)`);
  await admin.end();
  await rm(folder, { recursive: true });
});

test("two runners at once apply every file exactly once", async () => {
  const [first, second] = await Promise.all([migrate(sql, folder), migrate(sql, folder)]);
  const applied = [...first, ...second];
  const [row] = await sql<{ count: number }[]>`select count(*) from migrations`;
  expect(new Set(applied).size).toBe(applied.length);
  expect(row?.count).toBe(applied.length);
  expect(await migrate(sql, folder)).toEqual([]);
});

test("a migration that fails leaves nothing behind and can be mended", async () => {
  const file = join(folder, "9001_broken.sql");
  await writeFile(file, "create table half_done (id int); select 1 / 0;");
  await expect(migrate(sql, folder)).rejects.toThrow("9001_broken.sql");
  await migrate(sql, folder).catch(() => {});
  expect((await sql`select to_regclass('half_done') as t`)[0]?.t).toBeNull();
  await writeFile(file, "create table half_done (id int)");
  expect(await migrate(sql, folder)).toEqual(["9001_broken.sql"]);
});

test("an applied file that changed or vanished is refused by name", async () => {
  const file = join(folder, "9001_broken.sql");
  await appendFile(file, " ");
  await expect(migrate(sql, folder)).rejects.toThrow(/9001_broken\.sql was changed/);
  await unlink(file);
  await expect(migrate(sql, folder)).rejects.toThrow(
    /9001_broken\.sql was applied here but its file is gone/,
  );
});

test("no version counts as mastered without the lock that was read back", async () => {
  const ids = { p: "per_a", j: "prj_a", a: "ast_a", u: "upl_a", v: "ver_a" };
  await sql`insert into people (id, email, name) values (${ids.p}, 'a@b.test', 'A')`;
  await sql`insert into projects (id, name, lock_mode, lock_days, created_by) values (${ids.j}, 'P', 'GOVERNANCE', 1, ${ids.p})`;
  await sql`insert into assets (id, project_id, name) values (${ids.a}, ${ids.j}, 'clip')`;
  await sql`insert into uploads (id, project_id, name, bytes, content_type, method, storage_key, expires_at)
    values (${ids.u}, ${ids.j}, 'clip', 1, 'video/mp4', 'put', 'k', now())`;
  await sql`insert into versions (id, project_id, asset_id, upload_id, number, name, bytes, content_type, master_key)
    values (${ids.v}, ${ids.j}, ${ids.a}, ${ids.u}, 1, 'clip', 1, 'video/mp4', 'm')`;
  const refused =
    await sql`update versions set state = 'mastered', master_version_id = 'x' where id = ${ids.v}`.then(
      () => "accepted",
      (error: { code: string }) => error.code,
    );
  expect(refused).toBe("23514");
});
