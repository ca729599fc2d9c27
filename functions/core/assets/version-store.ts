import type { z } from "zod";
import type { Sql } from "../db/db.ts";
import type { Preview } from "../previews/preview.ts";
import type { author } from "../shape.ts";
import type { Media, Version, VersionState } from "./asset.ts";
import { type OverallVerdict, statusOf } from "./status.ts";

interface VersionRow {
  id: string;
  assetId: string;
  projectId: string;
  number: number;
  name: string;
  state: VersionState;
  verdict: OverallVerdict;
  reason: string | null;
  reasonCode: string | null;
  bytes: number;
  contentType: string;
  media: Media | null;
  preview: Preview | null;
  lockMode: "GOVERNANCE" | "COMPLIANCE" | null;
  lockUntil: Date | null;
  legalHold: boolean;
  openComments: number;
  progress: number;
  makerId: string | null;
  makerName: string | null;
  shareId: string | null;
  shareName: string | null;
  createdAt: Date;
}

/** A version as the wire has it, and the preview behind it, which never leaves unsigned. */
export interface FoundVersion {
  version: Version;
  preview: Preview | null;
}

/** Lists leave the presentation times of variable rate out: they may be megabytes. */
const versionRows = (sql: Sql, withTimes: boolean) => sql`
  select v.id, v.asset_id as "assetId", v.project_id as "projectId", v.number, v.name, v.state, v.verdict, v.reason,
    v.reason_code as "reasonCode", v.bytes, v.content_type as "contentType",
    ${withTimes ? sql`v.media` : sql`v.media || '{"pts": null}'`} as media, v.preview,
    v.lock_mode as "lockMode", v.lock_until as "lockUntil", v.legal_hold as "legalHold",
    v.created_at as "createdAt", maker.id as "makerId", maker.name as "makerName",
    s.id as "shareId", s.name as "shareName",
    (select count(*) from comments c where c.version_id = v.id and c.resolved_at is null
       and c.deleted_at is null and c.reply_to is null)::int as "openComments",
    case when v.state = 'ready' then 1
      else coalesce((select j.progress from preview_jobs j where j.version_id = v.id
                     order by j.created_at desc, j.id desc limit 1), 0) end as progress
  from versions v
  join assets a on a.id = v.asset_id and a.deleted_at is null
  left join people maker on maker.id = v.created_by
  left join uploads u on u.id = v.upload_id and v.created_by is null
  left join shares s on s.id = u.share_id`;

function foundOf(row: VersionRow): FoundVersion {
  return {
    version: {
      id: row.id,
      assetId: row.assetId,
      projectId: row.projectId,
      number: row.number,
      name: row.name,
      state: row.state,
      status: statusOf(row.state, row.verdict),
      reason: row.reason,
      reasonCode: row.reasonCode,
      bytes: row.bytes,
      contentType: row.contentType,
      media: row.media,
      lock: row.lockMode && row.lockUntil ? { mode: row.lockMode, until: row.lockUntil.toISOString() } : null,
      legalHold: row.legalHold,
      openComments: row.openComments,
      progress: row.progress,
      createdBy: makerOf(row),
      createdAt: row.createdAt.toISOString(),
    },
    preview: row.preview,
  };
}

function makerOf(row: VersionRow): z.infer<typeof author> | null {
  if (row.makerId && row.makerName) return { kind: "person", id: row.makerId, name: row.makerName };
  return row.shareId && row.shareName ? { kind: "guest", id: row.shareId, name: row.shareName } : null;
}

export async function findVersion(sql: Sql, id: string): Promise<FoundVersion | undefined> {
  const [row] = await sql<VersionRow[]>`
    ${versionRows(sql, true)} where v.id = ${id} and v.deleted_at is null`;
  return row && foundOf(row);
}

/** By id, in no order. Ids that are gone are left out. */
export async function findVersions(sql: Sql, ids: readonly string[]): Promise<Map<string, FoundVersion>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<VersionRow[]>`
    ${versionRows(sql, false)} where v.id = any(${ids as string[]}) and v.deleted_at is null`;
  return new Map(rows.map((row) => [row.id, foundOf(row)]));
}

/** Newest first; of a guest's share only what it shows. */
export async function listVersionRows(
  sql: Sql,
  query: { assetId: string; shareId?: string | undefined; before?: number | undefined; limit: number },
): Promise<FoundVersion[]> {
  const { assetId, shareId, before, limit } = query;
  const rows = await sql<VersionRow[]>`
    ${versionRows(sql, false)}
    where v.asset_id = ${assetId} and v.deleted_at is null
      ${shareId ? sql`and v.id in (select version_id from share_versions where share_id = ${shareId})` : sql``}
      ${before === undefined ? sql`` : sql`and v.number < ${before}`}
    order by v.number desc limit ${limit}`;
  return rows.map(foundOf);
}
