import type { VersionState } from "../assets/asset.ts";
import type { Sql } from "../db/db.ts";
import type { ClientHashes } from "./client-hashes.ts";
import type { Digests } from "./digest.ts";

/** A version as its custodian sees it. */
export interface Master {
  id: string;
  projectId: string;
  assetId: string;
  uploadId: string;
  state: VersionState;
  name: string;
  bytes: number;
  contentType: string;
  key: string;
  storageVersionId: string | null;
  etag: string | null;
  sha256: string | null;
  xxh128: string | null;
  c4: string | null;
  clientHashes: ClientHashes;
  manifest: unknown;
  lockMode: "GOVERNANCE" | "COMPLIANCE" | null;
  lockUntil: Date | null;
  lockReadAt: Date | null;
  legalHold: boolean;
  holdReason: string | null;
  holdPlacedBy: string | null;
  holdPlacedByName: string | null;
  verifiedAt: Date | null;
  reviewersMayDownload: boolean;
  createdAt: Date;
}

const masters = (sql: Sql) => sql`
  select v.id, v.project_id as "projectId", v.asset_id as "assetId", v.upload_id as "uploadId", v.state, v.name, v.bytes,
    v.content_type as "contentType", v.master_key as key, v.master_version_id as "storageVersionId",
    v.master_etag as etag, v.sha256, v.xxh128, v.c4, v.manifest,
    json_build_object('sha256', v.client_sha256, 'xxh128', v.client_xxh128) as "clientHashes",
    v.lock_mode as "lockMode", v.lock_until as "lockUntil", v.lock_read_at as "lockReadAt",
    v.legal_hold as "legalHold", v.hold_reason as "holdReason",
    v.hold_placed_by as "holdPlacedBy", holder.name as "holdPlacedByName", v.verified_at as "verifiedAt",
    p.reviewers_may_download as "reviewersMayDownload", v.created_at as "createdAt"
  from versions v join projects p on p.id = v.project_id left join people holder on holder.id = v.hold_placed_by`;

export async function findMaster(sql: Sql, id: string): Promise<Master | undefined> {
  const [row] = await sql<Master[]>`${masters(sql)} where v.id = ${id} and v.deleted_at is null`;
  return row;
}

/** The same, held until the transaction ends. */
export async function lockMasterRow(sql: Sql, id: string): Promise<Master | undefined> {
  await sql`select 1 from versions where id = ${id} for update`;
  return findMaster(sql, id);
}

export interface ChainRow {
  at: Date;
  actorKind: "person" | "key" | "guest" | "system";
  actorId: string | null;
  actorName: string;
  action: string;
  detail: Record<string, unknown>;
}

/** What was done to the version and the upload it came from, oldest first. */
export async function chainOf(sql: Sql, master: Pick<Master, "id" | "uploadId">): Promise<ChainRow[]> {
  return sql<ChainRow[]>`
    select at, actor_kind as "actorKind", actor_id as "actorId", actor_name as "actorName", action, detail
    from audit_log where subject in (${master.id}, ${master.uploadId}) order by seq`;
}

export async function storeLock(sql: Sql, id: string, lock: { mode: string; until: Date }): Promise<void> {
  await sql`update versions set lock_mode = ${lock.mode}, lock_until = ${lock.until}, lock_read_at = now(),
    updated_at = now() where id = ${id}`;
}

export async function storeHold(
  sql: Sql,
  id: string,
  hold: { reason: string; placedBy: string } | null,
): Promise<void> {
  await sql`update versions set legal_hold = ${hold !== null}, hold_reason = ${hold?.reason ?? null},
    hold_placed_by = ${hold?.placedBy ?? null}, updated_at = now() where id = ${id}`;
}

export interface Generation {
  generation: number;
  fileName: string;
  c4: string;
  docKey: string;
  createdAt: Date;
}

export async function generationsOf(sql: Sql, versionId: string): Promise<Generation[]> {
  return sql<Generation[]>`
    select generation, file_name as "fileName", c4, doc_key as "docKey", created_at as "createdAt"
    from custody_manifests where version_id = ${versionId} order by generation`;
}

/** False: this generation exists already, written by somebody else a moment ago. */
export async function insertGeneration(
  sql: Sql,
  versionId: string,
  it: Omit<Generation, "createdAt"> & { createdAt: Date },
): Promise<boolean> {
  const rows = await sql`
    insert into custody_manifests (version_id, generation, file_name, c4, doc_key, created_at)
    values (${versionId}, ${it.generation}, ${it.fileName}, ${it.c4}, ${it.docKey}, ${it.createdAt})
    on conflict do nothing returning 1`;
  return rows.length === 1;
}

export async function insertVerification(
  sql: Sql,
  it: {
    id: string;
    versionId: string;
    cause: "build" | "schedule" | "request";
    bytes: number;
    digests: Digests | null;
    fault: string | null;
  },
): Promise<void> {
  await sql`insert into verifications (id, version_id, cause, bytes, sha256, xxh128, c4, is_intact, fault)
    values (${it.id}, ${it.versionId}, ${it.cause}, ${it.bytes}, ${it.digests?.sha256 ?? null},
      ${it.digests?.xxh128 ?? null}, ${it.digests?.c4 ?? null}, ${it.fault === null}, ${it.fault})`;
  await sql`update versions set verified_at = now(), verify_asked_at = null where id = ${it.versionId}`;
}

export async function storeDigests(sql: Sql, id: string, digests: Digests): Promise<void> {
  await sql`update versions set sha256 = ${digests.sha256}, xxh128 = ${digests.xxh128}, c4 = ${digests.c4},
    updated_at = now() where id = ${id} and sha256 is null`;
}

/** Masters that somebody asked to check, then those whose last full read is older than `olderThan`, oldest first. */
export async function dueForVerification(sql: Sql, olderThan: Date, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from versions
    where master_version_id is not null and deleted_at is null and state in ('mastered', 'building', 'playable', 'ready', 'failed')
      and (verify_asked_at is not null or coalesce(verified_at, created_at) < ${olderThan})
    order by verify_asked_at nulls last, coalesce(verified_at, created_at) limit ${limit}`;
  return rows.map(({ id }) => id);
}

/** Masters that were read once and have no manifest yet. */
export async function withoutManifest(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select v.id from versions v
    where v.sha256 is not null and v.xxh128 is not null and v.c4 is not null and v.master_version_id is not null
      and v.deleted_at is null and not exists (select 1 from custody_manifests m where m.version_id = v.id)
    order by v.created_at limit ${limit}`;
  return rows.map(({ id }) => id);
}

/** Deleted versions whose bytes are still there, from before `deletedBefore`. */
export async function unpurged(sql: Sql, deletedBefore: Date, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from versions where deleted_at < ${deletedBefore} and purged_at is null
    order by deleted_at limit ${limit}`;
  return rows.map(({ id }) => id);
}

/** A deleted version whose bytes may still be there. */
export async function findDeleted(sql: Sql, id: string): Promise<Master | undefined> {
  const [row] = await sql<Master[]>`${masters(sql)}
    where v.id = ${id} and v.deleted_at is not null and v.purged_at is null`;
  return row;
}

/** False: somebody else finished it. */
export async function markPurged(sql: Sql, id: string): Promise<boolean> {
  const rows =
    await sql`update versions set purged_at = now() where id = ${id} and purged_at is null returning 1`;
  return rows.length === 1;
}
