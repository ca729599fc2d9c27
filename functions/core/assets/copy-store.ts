import type { Sql } from "../db/db.ts";

/** How long a copier may be silent before another may take its place. */
export const COPY_LEASE_MS = 60_000;

/** A copy that is ours while the fence holds, with everything it needs to know. */
export interface CopyClaim {
  versionId: string;
  fence: number;
  attempt: number;
  uploadId: string;
  projectId: string;
  assetId: string;
  bytes: number;
  contentType: string;
  masterKey: string;
  /** Set once a finished copy was recorded, before it is locked. */
  masterVersionId: string | null;
  createdAt: Date;
  staged: { key: string; etag: string; name: string };
  scanVerdict: "off" | "clean" | "infected" | null;
  copy: { uploadId: string; partBytes: number } | null;
  policy: { lockMode: "GOVERNANCE" | "COMPLIANCE"; lockDays: number; storageClass: string };
}

/**
 * Takes the copy of a version that is still `promoting`, with a new fence. `busy`: another copier holds it.
 * `over`: there is nothing left to do.
 */
export async function takeCopy(sql: Sql, versionId: string): Promise<CopyClaim | "busy" | "over"> {
  const [row] = await sql<CopyClaim[]>`
    with taken as (
      update master_copies c set fence = fence + 1, attempts = attempts + 1,
        lease_until = now() + ${`${COPY_LEASE_MS} milliseconds`}::interval
      from versions v
      where c.version_id = ${versionId} and v.id = c.version_id and v.state = 'promoting' and v.deleted_at is null
        and c.done_at is null and (c.lease_until is null or c.lease_until < now())
      returning c.*)
    select t.version_id as "versionId", t.fence, t.attempts as attempt, t.scan_verdict as "scanVerdict",
      v.upload_id as "uploadId", v.project_id as "projectId", v.asset_id as "assetId", v.bytes,
      v.content_type as "contentType", v.master_key as "masterKey", v.master_version_id as "masterVersionId",
      v.created_at as "createdAt",
      jsonb_build_object('key', u.storage_key, 'etag', u.etag, 'name', u.name) as staged,
      case when t.storage_upload_id is not null
        then jsonb_build_object('uploadId', t.storage_upload_id, 'partBytes', t.part_bytes) end as copy,
      jsonb_build_object('lockMode', p.lock_mode, 'lockDays', p.lock_days, 'storageClass', p.storage_class) as policy
    from taken t join versions v on v.id = t.version_id join uploads u on u.id = v.upload_id
      join projects p on p.id = v.project_id`;
  if (row) return row;
  const [left] = await sql`select 1 from master_copies c join versions v on v.id = c.version_id
    where c.version_id = ${versionId} and v.state = 'promoting' and v.deleted_at is null and c.done_at is null`;
  return left ? "busy" : "over";
}

/** Another copier took over: whatever this one still wants to write must not be written. */
export class CopyLost extends Error {
  override name = "CopyLost";
}

type Held = Pick<CopyClaim, "versionId" | "fence">;

/** Renews the lease and records progress. Throws `CopyLost` when the fence has moved on. */
export async function beatCopy(sql: Sql, held: Held, bytesDone?: number): Promise<void> {
  const rows = await sql`update master_copies
    set lease_until = now() + ${`${COPY_LEASE_MS} milliseconds`}::interval,
      bytes_done = greatest(bytes_done, ${bytesDone ?? 0})
    where version_id = ${held.versionId} and fence = ${held.fence} returning 1`;
  if (rows.length === 0) throw new CopyLost("another copier took over");
}

/** Lets the next copier in at once, instead of after the lease. */
export async function leaveCopy(sql: Sql, held: Held): Promise<void> {
  await sql`update master_copies set lease_until = null
    where version_id = ${held.versionId} and fence = ${held.fence}`;
}

/** Holds the row for the transaction, if the copy is still ours. */
export async function holdCopy(sql: Sql, held: Held): Promise<void> {
  const rows = await sql`select 1 from master_copies
    where version_id = ${held.versionId} and fence = ${held.fence} for update`;
  if (rows.length === 0) throw new CopyLost("another copier took over");
}

export async function recordScan(sql: Sql, held: Held, verdict: "off" | "clean" | "infected"): Promise<void> {
  await sql`update master_copies set scan_verdict = ${verdict}, scanned_at = now()
    where version_id = ${held.versionId} and fence = ${held.fence}`;
}

/** Remembers the multipart copy, so that a later copier goes on with it. Null forgets one that is gone. */
export async function recordCopyUpload(
  sql: Sql,
  held: Held,
  copy: { uploadId: string; partBytes: number } | null,
): Promise<void> {
  const rows = await sql`update master_copies
    set storage_upload_id = ${copy?.uploadId ?? null}, part_bytes = ${copy?.partBytes ?? null}
    where version_id = ${held.versionId} and fence = ${held.fence} returning 1`;
  if (rows.length === 0) throw new CopyLost("another copier took over");
}

export async function recordCopyPart(
  sql: Sql,
  held: Held,
  part: { uploadId: string; partNumber: number; etag: string },
): Promise<void> {
  await sql`insert into master_copy_parts (version_id, storage_upload_id, part_number, etag)
    values (${held.versionId}, ${part.uploadId}, ${part.partNumber}, ${part.etag}) on conflict do nothing`;
}

export async function copiedParts(
  sql: Sql,
  versionId: string,
  uploadId: string,
): Promise<{ partNumber: number; etag: string }[]> {
  return sql<{ partNumber: number; etag: string }[]>`
    select part_number as "partNumber", etag from master_copy_parts
    where version_id = ${versionId} and storage_upload_id = ${uploadId} order by part_number`;
}

/** Which storage version the copy became: from here on no second one is made. */
export async function recordMaster(
  sql: Sql,
  held: Held,
  master: { storageVersionId: string; etag: string },
): Promise<void> {
  const rows = await sql`update versions v
    set master_version_id = ${master.storageVersionId}, master_etag = ${master.etag}, updated_at = now()
    from master_copies c where v.id = ${held.versionId} and c.version_id = v.id and c.fence = ${held.fence}
      and v.state = 'promoting' returning 1`;
  if (rows.length === 0) throw new CopyLost("another copier took over");
}

/** `promoting -> mastered`, with the lock as it was read back. False: the version went elsewhere. */
export async function markMastered(
  sql: Sql,
  held: Held,
  lock: { mode: string; until: Date },
): Promise<boolean> {
  const rows =
    await sql`update versions set state = 'mastered', lock_mode = ${lock.mode}, lock_until = ${lock.until},
      lock_read_at = now(), updated_at = now()
    where id = ${held.versionId} and state = 'promoting' and master_version_id is not null returning 1`;
  if (rows.length === 0) return false;
  await sql`update master_copies set done_at = now(), lease_until = null, bytes_done = v.bytes
    from versions v where master_copies.version_id = ${held.versionId} and v.id = master_copies.version_id`;
  return true;
}
