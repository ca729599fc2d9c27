import type { ClientHashes } from "../custody/client-hashes.ts";
import { json, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { hint } from "../outbox.ts";
import { notFound } from "../refusal.ts";

/** The asset (new, or the one the upload names) and its next version, with the copy to its master asked for. */
export async function createVersion(
  sql: Sql,
  upload: {
    id: string;
    projectId: string;
    folderId: string | null;
    assetId: string | null;
    name: string;
    bytes: number;
    sniffedType: string;
    clientHashes: ClientHashes;
    manifest: unknown;
    createdBy: string | null;
  },
  traceparent?: string,
): Promise<{ assetId: string; versionId: string }> {
  const assetId = upload.assetId ?? newId("asset");
  const versionId = newId("version");
  if (upload.assetId) {
    // Held until commit: two versions of one asset cannot get the same number.
    const rows = await sql`select 1 from assets where id = ${assetId} and deleted_at is null for update`;
    if (rows.length === 0) notFound("asset");
  } else {
    await sql`insert into assets (id, project_id, folder_id, name, created_by)
      values (${assetId}, ${upload.projectId}, ${upload.folderId}, ${upload.name}, ${upload.createdBy})`;
  }
  await sql`insert into versions (id, project_id, asset_id, upload_id, number, name, bytes, content_type, master_key,
      client_sha256, client_xxh128, manifest, created_by)
    select ${versionId}, ${upload.projectId}, ${assetId}, ${upload.id},
      coalesce((select max(number) from versions where asset_id = ${assetId}), 0) + 1,
      ${upload.name}, ${upload.bytes}, ${upload.sniffedType}, ${`masters/${versionId}`},
      ${upload.clientHashes.sha256}, ${upload.clientHashes.xxh128}, ${upload.manifest === null ? null : json(sql, upload.manifest)}, ${upload.createdBy}`;
  await sql`update assets set current_version_id = ${versionId}, revision = revision + 1, updated_at = now()
    where id = ${assetId}`;
  await sql`insert into master_copies (version_id) values (${versionId})`;
  await hint(sql, "masters:copy", versionId, traceparent);
  return { assetId, versionId };
}
