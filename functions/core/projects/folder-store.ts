import type { z } from "zod";
import type { Sql } from "../db/db.ts";
import type { folder } from "./project.ts";

export interface FolderRow {
  id: string;
  projectId: string;
  parentId: string | null;
  name: string;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

export const folderOf = (row: FolderRow): z.infer<typeof folder> => ({
  id: row.id,
  projectId: row.projectId,
  parentId: row.parentId,
  name: row.name,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

const columns = (sql: Sql) => sql`id, project_id as "projectId", parent_id as "parentId", name, revision,
  created_at as "createdAt", updated_at as "updatedAt"`;

export async function findFolder(sql: Sql, projectId: string, id: string): Promise<FolderRow | undefined> {
  const [row] = await sql<FolderRow[]>`
    select ${columns(sql)} from folders where project_id = ${projectId} and id = ${id}`;
  return row;
}

export async function findFolders(
  sql: Sql,
  projectId: string,
  page: { limit: number; after?: readonly [string, string] | undefined },
): Promise<FolderRow[]> {
  return sql<FolderRow[]>`select ${columns(sql)} from folders
    where project_id = ${projectId}
      ${page.after ? sql`and (lower(name), id) > (lower(${page.after[0]}), ${page.after[1]})` : sql``}
    order by lower(name), id limit ${page.limit + 1}`;
}

type Place = { projectId: string; parentId: string | null; name: string };

/** Undefined: the name is taken there. */
export async function insertFolder(sql: Sql, id: string, at: Place): Promise<FolderRow | undefined> {
  const [row] = await sql<FolderRow[]>`insert into folders (id, project_id, parent_id, name)
    values (${id}, ${at.projectId}, ${at.parentId}, ${at.name})
    on conflict (project_id, (coalesce(parent_id, '')), lower(name)) do nothing returning ${columns(sql)}`;
  return row;
}

export async function isNameTaken(sql: Sql, at: Place, besides: string): Promise<boolean> {
  const rows = await sql`select 1 from folders where project_id = ${at.projectId} and id <> ${besides}
    and coalesce(parent_id, '') = coalesce(${at.parentId}, '') and lower(name) = lower(${at.name})`;
  return rows.length > 0;
}

export async function updateFolderRow(
  sql: Sql,
  id: string,
  { parentId, name }: { parentId: string | null; name: string },
): Promise<FolderRow | undefined> {
  const [row] = await sql<FolderRow[]>`
    update folders set parent_id = ${parentId}, name = ${name}, revision = revision + 1, updated_at = now()
    where id = ${id} returning ${columns(sql)}`;
  return row;
}

/** Whether `id` is `parentId` or stands above it: moving it there would close a circle. */
export async function isWithin(sql: Sql, id: string, parentId: string): Promise<boolean> {
  const rows = await sql`with recursive up as (
      select id, parent_id from folders where id = ${parentId}
      union select f.id, f.parent_id from folders f join up on f.id = up.parent_id
    ) select 1 from up where id = ${id}`;
  return rows.length > 0;
}

export async function isEmpty(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql`select 1 from folders where parent_id = ${id}
    union all select 1 from assets where folder_id = ${id} and deleted_at is null limit 1`;
  return rows.length === 0;
}

/** What still names the folder (deleted assets, uploads on their way) moves to the project itself. */
export async function deleteFolderRow(sql: Sql, id: string): Promise<void> {
  await sql`update assets set folder_id = null where folder_id = ${id}`;
  await sql`update uploads set folder_id = null where folder_id = ${id}`;
  await sql`delete from folders where id = ${id}`;
}
