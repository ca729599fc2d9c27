import type { Sql } from "../db/db.ts";
import type { AssetSort, AssetStatus } from "./asset.ts";
import { coveredBy } from "./status.ts";

export interface AssetRow {
  id: string;
  projectId: string;
  folderId: string | null;
  name: string;
  versionCount: number;
  /** The newest version the asker may see. */
  versionId: string | null;
  /** The newest version with something to show, when that is another one. */
  shownVersionId: string | null;
  makerId: string | null;
  makerName: string | null;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

/** For a guest, `shareId` narrows an asset to the versions of the share. */
const columns = (sql: Sql, shareId: string | undefined) => {
  const seen = sql`v.asset_id = a.id and v.deleted_at is null
    ${shareId ? sql`and v.id in (select version_id from share_versions where share_id = ${shareId})` : sql``}`;
  return sql`a.id, a.project_id as "projectId", a.folder_id as "folderId", a.name, a.revision,
    a.created_at as "createdAt", a.updated_at as "updatedAt", maker.id as "makerId", maker.name as "makerName",
    (select count(*) from versions v where ${seen})::int as "versionCount",
    (select v.id from versions v where ${seen} order by v.number desc limit 1) as "versionId",
    (select v.id from versions v where ${seen} and v.preview is not null order by v.number desc limit 1) as "shownVersionId"`;
};

export async function findAsset(sql: Sql, id: string, shareId?: string): Promise<AssetRow | undefined> {
  const [row] = await sql<AssetRow[]>`
    select ${columns(sql, shareId)} from assets a left join people maker on maker.id = a.created_by
    where a.id = ${id} and a.deleted_at is null`;
  return row;
}

export async function findAssets(
  sql: Sql,
  ids: readonly string[],
  shareId?: string,
): Promise<Map<string, AssetRow>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<AssetRow[]>`
    select ${columns(sql, shareId)} from assets a left join people maker on maker.id = a.created_by
    where a.id = any(${ids as string[]}) and a.deleted_at is null`;
  return new Map(rows.map((row) => [row.id, row]));
}

export interface AssetQuery {
  projectId: string;
  /** A folder, or null for what lies in none; undefined for the whole project. */
  folderId?: string | null | undefined;
  q?: string | undefined;
  status?: AssetStatus | undefined;
  /** Only assets of which this share shows a version. */
  shareId?: string | undefined;
  sort: AssetSort;
  after?: { key: string | Date; id: string } | undefined;
  limit: number;
}

const sortColumn = (sql: Sql, sort: AssetSort) => {
  if (sort.endsWith("createdAt")) return sql`a.created_at`;
  return sort.endsWith("updatedAt") ? sql`a.updated_at` : sql`lower(a.name)`;
};

export async function listAssetRows(
  sql: Sql,
  query: AssetQuery,
): Promise<(AssetRow & { sortName: string })[]> {
  const { projectId, folderId, q, status, shareId, sort, after, limit } = query;
  const column = sortColumn(sql, sort);
  const isDown = sort.startsWith("-");
  const covered = status && coveredBy(status);
  const isNone = status === "processing";
  return sql<(AssetRow & { sortName: string })[]>`
    select ${columns(sql, shareId)}, lower(a.name) as "sortName"
    from assets a left join people maker on maker.id = a.created_by
    ${covered ? sql`left join versions newest on newest.id = a.current_version_id` : sql``}
    where a.project_id = ${projectId} and a.deleted_at is null
      ${folderId === undefined ? sql`` : folderId === null ? sql`and a.folder_id is null` : sql`and a.folder_id = ${folderId}`}
      ${q ? sql`and lower(a.name) like ${`%${escapeLike(q.toLowerCase())}%`}` : sql``}
      ${shareId ? sql`and exists (select 1 from share_versions sv join versions v on v.id = sv.version_id where sv.share_id = ${shareId} and v.asset_id = a.id and v.deleted_at is null)` : sql``}
      ${covered ? sql`and ((newest.state = any(${covered.states}) and newest.verdict = any(${covered.verdicts})) ${isNone ? sql`or newest.id is null` : sql``})` : sql``}
      ${after ? (isDown ? sql`and (${column}, a.id) < (${after.key}, ${after.id})` : sql`and (${column}, a.id) > (${after.key}, ${after.id})`) : sql``}
    order by ${isDown ? sql`${column} desc, a.id desc` : sql`${column}, a.id`} limit ${limit}`;
}

export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`);
}

/** False when someone else changed it since `revision`. */
export async function updateAssetRow(
  sql: Sql,
  id: string,
  revision: number | undefined,
  change: { name?: string | undefined; folderId?: string | null | undefined },
): Promise<boolean> {
  const rows = await sql`
    update assets set revision = revision + 1, updated_at = now()
      ${change.name === undefined ? sql`` : sql`, name = ${change.name}`}
      ${change.folderId === undefined ? sql`` : sql`, folder_id = ${change.folderId}`}
    where id = ${id} and deleted_at is null ${revision === undefined ? sql`` : sql`and revision = ${revision}`}
    returning 1`;
  return rows.length === 1;
}

export async function hasFolder(sql: Sql, projectId: string, folderId: string): Promise<boolean> {
  const rows = await sql`select 1 from folders where project_id = ${projectId} and id = ${folderId}`;
  return rows.length === 1;
}
