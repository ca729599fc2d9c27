import type { Sql } from "../db/db.ts";

/** Versions still to be copied that no copier has touched for `staleMs`. Oldest first. */
export async function staleCopies(sql: Sql, staleMs: number, limit: number): Promise<string[]> {
  const before = `${staleMs} milliseconds`;
  const rows = await sql<{ id: string }[]>`
    select c.version_id as id from master_copies c join versions v on v.id = c.version_id
    where v.state = 'promoting' and v.deleted_at is null and c.done_at is null
      and greatest(c.created_at, c.lease_until) < now() - ${before}::interval
    order by c.created_at limit ${limit}`;
  return rows.map(({ id }) => id);
}
