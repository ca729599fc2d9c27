import type { Sql } from "../db/db.ts";

/** What a project lets in, and how it keeps what it has. Undefined for a project that is gone. */
export async function ingestPolicy(sql: Sql, projectId: string) {
  const [found] = await sql<
    {
      allowedTypes: string[] | null;
      quotaBytes: number | null;
      lockMode: "GOVERNANCE" | "COMPLIANCE";
      lockDays: number;
      storageClass: string;
    }[]
  >`select allowed_types as "allowedTypes", quota_bytes as "quotaBytes", lock_mode as "lockMode", lock_days as "lockDays",
      storage_class as "storageClass"
    from projects where id = ${projectId} and deleted_at is null`;
  return found;
}

export async function folderExists(sql: Sql, projectId: string, folderId: string): Promise<boolean> {
  const rows = await sql`select 1 from folders where id = ${folderId} and project_id = ${projectId}`;
  return rows.length === 1;
}

export async function assetExists(sql: Sql, projectId: string, assetId: string): Promise<boolean> {
  const rows = await sql`select 1 from assets
    where id = ${assetId} and project_id = ${projectId} and deleted_at is null`;
  return rows.length === 1;
}
