import type { Sql } from "../db/db.ts";

/** The promise ends without a master. Call it in the transaction of the guarded move that ends the upload. */
export async function giveBack(sql: Sql, projectId: string, bytes: number): Promise<void> {
  await sql`update project_storage set reserved_bytes = greatest(0, reserved_bytes - ${bytes}) where project_id = ${projectId}`;
}

/** The promise became a master. */
export async function spend(sql: Sql, projectId: string, bytes: number): Promise<void> {
  await sql`update project_storage set reserved_bytes = greatest(0, reserved_bytes - ${bytes}), used_bytes = used_bytes + ${bytes}
    where project_id = ${projectId}`;
}

/** A master is gone. */
export async function free(sql: Sql, projectId: string, bytes: number): Promise<void> {
  await sql`update project_storage set used_bytes = greatest(0, used_bytes - ${bytes}) where project_id = ${projectId}`;
}

export async function room(sql: Sql, projectId: string) {
  const [row] = await sql<{ usedBytes: number; reservedBytes: number; quotaBytes: number | null }[]>`
    select coalesce(s.used_bytes, 0)::bigint as "usedBytes", coalesce(s.reserved_bytes, 0)::bigint as "reservedBytes",
      p.quota_bytes as "quotaBytes"
    from projects p left join project_storage s on s.project_id = p.id where p.id = ${projectId}`;
  return row ?? { usedBytes: 0, reservedBytes: 0, quotaBytes: null };
}
