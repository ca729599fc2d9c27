import { z } from "zod";
import type { ClientHashes } from "../custody/client-hashes.ts";
import { json, type Sql } from "../db/db.ts";
import type { RefusalCode } from "../refusal.ts";
import { uploadStates } from "./upload.ts";

const row = z.object({
  id: z.string(),
  project_id: z.string(),
  folder_id: z.string().nullable(),
  asset_id: z.string().nullable(),
  version_id: z.string().nullable(),
  version_asset_id: z.string().nullable(),
  version_state: z.string().nullable(),
  name: z.string(),
  bytes: z.number(),
  content_type: z.string(),
  client_sha256: z.string().nullable(),
  client_xxh128: z.string().nullable(),
  manifest: z.unknown(),
  method: z.enum(["put", "multipart"]),
  part_bytes: z.number().nullable(),
  storage_key: z.string(),
  storage_upload_id: z.string().nullable(),
  etag: z.string().nullable(),
  sniffed_type: z.string().nullable(),
  state: z.enum(uploadStates),
  reason: z.string().nullable(),
  reason_code: z.string().nullable(),
  waiting: z.string().nullable(),
  bytes_done: z.number().nullable(),
  created_by: z.string().nullable(),
  share_id: z.string().nullable(),
  guest_id: z.string().nullable(),
  expires_at: z.date(),
  created_at: z.date(),
});

/** An upload as its row says, with what became of it. */
export interface UploadRow {
  id: string;
  projectId: string;
  folderId: string | null;
  assetId: string | null;
  version: { id: string; assetId: string; state: string } | null;
  name: string;
  bytes: number;
  contentType: string;
  clientHashes: ClientHashes;
  manifest: Record<string, unknown> | null;
  method: "put" | "multipart";
  partBytes: number | null;
  storageKey: string;
  storageUploadId: string | null;
  etag: string | null;
  sniffedType: string | null;
  state: (typeof uploadStates)[number];
  reason: string | null;
  reasonCode: string | null;
  waiting: string | null;
  bytesCopied: number;
  createdBy: string | null;
  shareId: string | null;
  guestId: string | null;
  expiresAt: Date;
  createdAt: Date;
}

function uploadOf(raw: unknown): UploadRow {
  const it = row.parse(raw);
  return {
    id: it.id,
    projectId: it.project_id,
    folderId: it.folder_id,
    assetId: it.asset_id,
    version:
      it.version_id && it.version_asset_id
        ? { id: it.version_id, assetId: it.version_asset_id, state: it.version_state ?? "promoting" }
        : null,
    name: it.name,
    bytes: it.bytes,
    contentType: it.content_type,
    clientHashes: { sha256: it.client_sha256, xxh128: it.client_xxh128 },
    manifest: (it.manifest ?? null) as Record<string, unknown> | null,
    method: it.method,
    partBytes: it.part_bytes,
    storageKey: it.storage_key,
    storageUploadId: it.storage_upload_id,
    etag: it.etag,
    sniffedType: it.sniffed_type,
    state: it.state,
    reason: it.reason,
    reasonCode: it.reason_code,
    waiting: it.waiting,
    bytesCopied: it.bytes_done ?? 0,
    createdBy: it.created_by,
    shareId: it.share_id,
    guestId: it.guest_id,
    expiresAt: it.expires_at,
    createdAt: it.created_at,
  };
}

const withVersion = (sql: Sql) => sql`
  select u.*, v.id as version_id, v.asset_id as version_asset_id, v.state as version_state, c.bytes_done
  from uploads u
  left join versions v on v.upload_id = u.id
  left join master_copies c on c.version_id = v.id`;

export async function findUpload(sql: Sql, id: string): Promise<UploadRow | undefined> {
  const [found] = await sql`${withVersion(sql)} where u.id = ${id}`;
  return found && uploadOf(found);
}

/** The row, held until the transaction ends. */
export async function lockUpload(sql: Sql, id: string): Promise<UploadRow | undefined> {
  await sql`select 1 from uploads where id = ${id} for update`;
  return findUpload(sql, id);
}

/** Newest first; `before` is the id the last page ended with. */
export async function listUploads(
  sql: Sql,
  who: { personId: string } | { shareId: string; guestId: string },
  filter: { state?: string | undefined; projectId?: string | undefined; before?: string; limit: number },
): Promise<UploadRow[]> {
  const mine =
    "personId" in who
      ? sql`u.created_by = ${who.personId}`
      : sql`u.share_id = ${who.shareId} and u.guest_id = ${who.guestId}`;
  const rows = await sql`${withVersion(sql)}
    where ${mine}
      ${filter.state ? sql`and u.state = ${filter.state}` : sql``}
      ${filter.projectId ? sql`and u.project_id = ${filter.projectId}` : sql``}
      ${filter.before ? sql`and u.id < ${filter.before}` : sql``}
    order by u.id desc limit ${filter.limit}`;
  return rows.map(uploadOf);
}

/**
 * Opens the row and promises its bytes in one statement, so that a hundred uploads at once cannot share the last
 * gigabyte of a quota. False: there is no room, and nothing was written.
 */
export async function insertUpload(
  sql: Sql,
  it: {
    id: string;
    projectId: string;
    folderId: string | null;
    assetId: string | null;
    name: string;
    bytes: number;
    contentType: string;
    clientHashes: ClientHashes;
    manifest: unknown;
    method: "put" | "multipart";
    partBytes: number | null;
    storageKey: string;
    storageUploadId: string | null;
    createdBy: string | null;
    shareId: string | null;
    guestId: string | null;
    expiresAt: Date;
  },
): Promise<boolean> {
  const rows = await sql`
    with quota as (select id, quota_bytes from projects where id = ${it.projectId}),
    promised as (
      insert into project_storage as s (project_id, reserved_bytes)
      select id, ${it.bytes}::bigint from quota where quota_bytes is null or ${it.bytes}::bigint <= quota_bytes
      on conflict (project_id) do update set reserved_bytes = s.reserved_bytes + excluded.reserved_bytes
        where (select quota_bytes from quota) is null
           or s.used_bytes + s.reserved_bytes + excluded.reserved_bytes <= (select quota_bytes from quota)
      returning 1)
    insert into uploads (id, project_id, folder_id, asset_id, name, bytes, content_type, client_sha256, client_xxh128, manifest,
      method, part_bytes, storage_key, storage_upload_id, created_by, share_id, guest_id, expires_at)
    select ${it.id}, ${it.projectId}, ${it.folderId}, ${it.assetId}, ${it.name}, ${it.bytes}::bigint, ${it.contentType},
      ${it.clientHashes.sha256}, ${it.clientHashes.xxh128}, ${it.manifest === undefined ? null : json(sql, it.manifest)}::jsonb, ${it.method},
      ${it.partBytes}::bigint, ${it.storageKey}, ${it.storageUploadId}, ${it.createdBy}, ${it.shareId}, ${it.guestId},
      ${it.expiresAt}::timestamptz
    from promised returning 1`;
  return rows.length === 1;
}

/** Whether this caller may be the one to look at the staged object now; a claim that lapsed is anybody's. */
export async function claimUpload(sql: Sql, id: string, claimMs: number): Promise<boolean> {
  const rows = await sql`update uploads set claimed_until = now() + ${`${claimMs} milliseconds`}::interval
    where id = ${id} and state in ('open', 'received') and (claimed_until is null or claimed_until < now()) returning 1`;
  return rows.length === 1;
}

export async function releaseUpload(sql: Sql, id: string): Promise<void> {
  await sql`update uploads set claimed_until = null where id = ${id}`;
}

/** `open -> received`: everything is in staging, and this ETag is what was looked at. */
export async function markReceived(
  sql: Sql,
  id: string,
  it: { etag: string; clientHashes: ClientHashes },
): Promise<boolean> {
  const rows =
    await sql`update uploads set state = 'received', etag = ${it.etag}, received_at = now(), updated_at = now(),
      client_sha256 = coalesce(client_sha256, ${it.clientHashes.sha256}),
      client_xxh128 = coalesce(client_xxh128, ${it.clientHashes.xxh128})
    where id = ${id} and state = 'open' returning 1`;
  return rows.length === 1;
}

export async function markPromoting(sql: Sql, id: string, sniffedType: string): Promise<boolean> {
  const rows =
    await sql`update uploads set state = 'promoting', sniffed_type = ${sniffedType}, updated_at = now()
    where id = ${id} and state = 'received' returning 1`;
  return rows.length === 1;
}

export async function markPromoted(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql`update uploads set state = 'promoted', waiting = null, updated_at = now()
    where id = ${id} and state = 'promoting' returning 1`;
  return rows.length === 1;
}

export async function markRefused(
  sql: Sql,
  id: string,
  from: readonly string[],
  why: { code: RefusalCode; reason: string },
): Promise<boolean> {
  const rows =
    await sql`update uploads set state = 'refused', reason_code = ${why.code}, reason = ${why.reason},
      waiting = null, received_at = coalesce(received_at, now()), updated_at = now()
    where id = ${id} and state = any(${from}) returning 1`;
  return rows.length === 1;
}

/** `open -> aborted | expired`. */
export async function markEnded(sql: Sql, id: string, state: "aborted" | "expired"): Promise<boolean> {
  const rows = await sql`update uploads set state = ${state}, updated_at = now()
    where id = ${id} and state = 'open' returning 1`;
  return rows.length === 1;
}

export async function markStagingRemoved(sql: Sql, id: string): Promise<void> {
  await sql`update uploads set staging_removed_at = now() where id = ${id} and staging_removed_at is null`;
}

export async function setWaiting(sql: Sql, id: string, waiting: string | null): Promise<void> {
  await sql`update uploads set waiting = ${waiting}, updated_at = now()
    where id = ${id} and waiting is distinct from ${waiting}`;
}

const UNFINISHED_BATCH = 200;

/** Open uploads that nobody finished in time. */
export async function overdueUploads(sql: Sql): Promise<UploadRow[]> {
  const rows = await sql`${withVersion(sql)}
    where u.state = 'open' and u.expires_at < now() order by u.expires_at limit ${UNFINISHED_BATCH}`;
  return rows.map(uploadOf);
}

/** Uploads whose promotion was begun by a process that is no more. */
export async function strandedUploads(sql: Sql, staleMs: number): Promise<UploadRow[]> {
  const rows = await sql`${withVersion(sql)}
    where u.state = 'received' and u.updated_at < now() - ${`${staleMs} milliseconds`}::interval
      and (u.claimed_until is null or u.claimed_until < now())
    order by u.updated_at limit ${UNFINISHED_BATCH}`;
  return rows.map(uploadOf);
}

/** Ended uploads whose bytes may still lie in staging. What a scanner found is kept for `evidenceMs`. */
export async function stagedLeftovers(
  sql: Sql,
  { settledMs, evidenceMs }: { settledMs: number; evidenceMs: number },
): Promise<UploadRow[]> {
  const rows = await sql`${withVersion(sql)}
    where u.staging_removed_at is null and u.state in ('promoted', 'refused', 'expired', 'aborted')
      and u.updated_at < now() - (case when u.reason_code = 'infected' then ${`${evidenceMs} milliseconds`}
        else ${`${settledMs} milliseconds`} end)::interval
    order by u.updated_at limit ${UNFINISHED_BATCH}`;
  return rows.map(uploadOf);
}
