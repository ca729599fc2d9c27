import type { GuestRights } from "../auth/actor.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";

export interface ShareRow {
  id: string;
  projectId: string;
  projectName: string;
  name: string;
  rotation: number;
  passphraseHash: string | null;
  allow: GuestRights;
  watermark: string | null;
  expiresAt: Date | null;
  revokedAt: Date | null;
  createdBy: string;
  createdByName: string;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
  versionIds: string[];
  views: number;
  downloads: number;
}

type Flat = Omit<ShareRow, "allow"> & {
  allowComment: boolean;
  allowApprove: boolean;
  allowDownload: boolean;
  allowUpload: boolean;
};

const columns = (sql: Sql) => sql`
  s.id, s.project_id as "projectId", p.name as "projectName", s.name, s.rotation,
  s.passphrase_hash as "passphraseHash", s.allow_comment as "allowComment", s.allow_approve as "allowApprove",
  s.allow_download as "allowDownload", s.allow_upload as "allowUpload", s.watermark,
  s.expires_at as "expiresAt", s.revoked_at as "revokedAt", s.created_by as "createdBy",
  maker.name as "createdByName", s.revision, s.created_at as "createdAt", s.updated_at as "updatedAt",
  array(select sv.version_id from share_versions sv join versions v on v.id = sv.version_id
        where sv.share_id = s.id and v.deleted_at is null order by sv.position) as "versionIds",
  (select count(*) from share_visits where share_id = s.id and kind = 'view')::int as views,
  (select count(*) from share_visits where share_id = s.id and kind = 'download')::int as downloads`;

const source = (sql: Sql) => sql`
  shares s join projects p on p.id = s.project_id and p.deleted_at is null join people maker on maker.id = s.created_by`;

function rowOf({ allowComment, allowApprove, allowDownload, allowUpload, ...row }: Flat): ShareRow {
  return {
    ...row,
    allow: { comment: allowComment, approve: allowApprove, download: allowDownload, upload: allowUpload },
  };
}

export async function findShare(sql: Sql, id: string): Promise<ShareRow | undefined> {
  const [row] = await sql<Flat[]>`select ${columns(sql)} from ${source(sql)} where s.id = ${id}`;
  return row && rowOf(row);
}

export async function findShareByLink(sql: Sql, tokenHash: Buffer): Promise<ShareRow | undefined> {
  const [row] = await sql<
    Flat[]
  >`select ${columns(sql)} from ${source(sql)} where s.token_hash = ${tokenHash}`;
  return row && rowOf(row);
}

/** Newest first; withdrawn ones are left out. */
export async function listShareRows(
  sql: Sql,
  query: {
    projectId: string;
    versionId?: string | undefined;
    after?: { at: Date; id: string } | undefined;
    limit: number;
  },
): Promise<ShareRow[]> {
  const { projectId, versionId, after, limit } = query;
  const rows = await sql<Flat[]>`
    select ${columns(sql)} from ${source(sql)}
    where s.project_id = ${projectId} and s.revoked_at is null
      ${versionId ? sql`and exists (select 1 from share_versions x where x.share_id = s.id and x.version_id = ${versionId})` : sql``}
      ${after ? sql`and (s.created_at, s.id) < (${after.at}, ${after.id})` : sql``}
    order by s.created_at desc, s.id desc limit ${limit}`;
  return rows.map(rowOf);
}

export interface ShareFields {
  name: string;
  passphraseHash: string | null;
  allow: GuestRights;
  watermark: string | null;
  expiresAt: Date | null;
}

export async function insertShare(
  sql: Sql,
  share: ShareFields & { id: string; projectId: string; tokenHash: Buffer; createdBy: string },
): Promise<void> {
  await sql`insert into shares (id, project_id, name, token_hash, passphrase_hash, allow_comment, allow_approve,
      allow_download, allow_upload, watermark, expires_at, created_by)
    values (${share.id}, ${share.projectId}, ${share.name}, ${share.tokenHash}, ${share.passphraseHash},
      ${share.allow.comment}, ${share.allow.approve}, ${share.allow.download}, ${share.allow.upload},
      ${share.watermark}, ${share.expiresAt}, ${share.createdBy})`;
}

/** False when someone else changed or withdrew it since `revision`. */
export async function updateShareRow(
  sql: Sql,
  id: string,
  revision: number | undefined,
  fields: ShareFields,
): Promise<boolean> {
  const rows = await sql`
    update shares set name = ${fields.name}, passphrase_hash = ${fields.passphraseHash},
      allow_comment = ${fields.allow.comment}, allow_approve = ${fields.allow.approve},
      allow_download = ${fields.allow.download}, allow_upload = ${fields.allow.upload},
      watermark = ${fields.watermark}, expires_at = ${fields.expiresAt}, revision = revision + 1, updated_at = now()
    where id = ${id} and revoked_at is null ${revision === undefined ? sql`` : sql`and revision = ${revision}`}
    returning 1`;
  return rows.length === 1;
}

export async function revokeShareRow(sql: Sql, id: string, revision: number | undefined): Promise<boolean> {
  const rows = await sql`
    update shares set revoked_at = now(), revision = revision + 1, updated_at = now()
    where id = ${id} and revoked_at is null ${revision === undefined ? sql`` : sql`and revision = ${revision}`}
    returning 1`;
  return rows.length === 1;
}

/** Replaces what a share shows. Answers the ids among `versionIds` that are no versions of the project. */
export async function setShareVersions(
  sql: Sql,
  share: { id: string; projectId: string },
  versionIds: string[],
): Promise<string[]> {
  return inTransaction(sql, async (tx) => {
    const known = await tx<{ id: string }[]>`
      select v.id from versions v join assets a on a.id = v.asset_id
      where v.project_id = ${share.projectId} and v.id = any(${versionIds})
        and v.deleted_at is null and a.deleted_at is null`;
    const ids = new Set(known.map((row) => row.id));
    const missing = versionIds.filter((id) => !ids.has(id));
    if (missing.length > 0) return missing;
    await tx`delete from share_versions where share_id = ${share.id}`;
    await tx`insert into share_versions (share_id, version_id, project_id, position)
      select ${share.id}, id, ${share.projectId}, position
      from unnest(${versionIds}::text[]) with ordinality as t(id, position)`;
    return [];
  });
}

export interface Visit {
  id: string;
  kind: "view" | "download";
  guestName: string | null;
  versionId: string | null;
  at: Date;
}

export async function insertVisit(
  sql: Sql,
  visit: { shareId: string; kind: Visit["kind"]; guestName: string | null; versionId?: string },
): Promise<string> {
  const id = newId("visit");
  await sql`insert into share_visits (id, share_id, guest_name, kind, version_id)
    values (${id}, ${visit.shareId}, ${visit.guestName}, ${visit.kind}, ${visit.versionId ?? null})`;
  return id;
}

export async function listVisitRows(
  sql: Sql,
  query: { shareId: string; after?: { at: Date; id: string } | undefined; limit: number },
): Promise<Visit[]> {
  const { shareId, after, limit } = query;
  return sql<Visit[]>`
    select id, kind, guest_name as "guestName", version_id as "versionId", at from share_visits
    where share_id = ${shareId} ${after ? sql`and (at, id) < (${after.at}, ${after.id})` : sql``}
    order by at desc, id desc limit ${limit}`;
}
