import type { Scope } from "../auth/actor.ts";
import type { Sql } from "../db/db.ts";
import type { ApiKey } from "./key.ts";

export interface KeyRow {
  id: string;
  name: string;
  scopes: Scope[];
  hint: string;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  createdAt: Date;
}

export const keyOf = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  hint: row.hint,
  expiresAt: row.expiresAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  revokedAt: row.revokedAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
});

const columns = (
  sql: Sql,
) => sql`id, name, scopes, hint, expires_at as "expiresAt", last_used_at as "lastUsedAt",
  revoked_at as "revokedAt", created_at as "createdAt"`;

export async function insertKey(
  sql: Sql,
  key: Pick<KeyRow, "id" | "name" | "scopes" | "hint" | "expiresAt"> & { personId: string; hash: Buffer },
): Promise<KeyRow> {
  const [row] = await sql<
    KeyRow[]
  >`insert into api_keys (id, person_id, name, secret_hash, hint, scopes, expires_at)
    values (${key.id}, ${key.personId}, ${key.name}, ${key.hash}, ${key.hint}, ${key.scopes}, ${key.expiresAt})
    returning ${columns(sql)}`;
  return row!;
}

export async function findKey(sql: Sql, personId: string, id: string): Promise<KeyRow | undefined> {
  const [row] = await sql<KeyRow[]>`
    select ${columns(sql)} from api_keys where person_id = ${personId} and id = ${id}`;
  return row;
}

export async function findKeys(
  sql: Sql,
  personId: string,
  page: { limit: number; after?: readonly [Date, string] | undefined },
): Promise<KeyRow[]> {
  return sql<KeyRow[]>`select ${columns(sql)} from api_keys
    where person_id = ${personId}
      ${page.after ? sql`and (created_at, id) < (${page.after[0]}, ${page.after[1]})` : sql``}
    order by created_at desc, id desc limit ${page.limit + 1}`;
}

/** False: it was revoked before. */
export async function revokeKeyRow(sql: Sql, id: string): Promise<boolean> {
  const rows =
    await sql`update api_keys set revoked_at = now() where id = ${id} and revoked_at is null returning 1`;
  return rows.length === 1;
}
