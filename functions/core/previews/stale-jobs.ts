import type { Sql } from "../db/db.ts";

/** Jobs that nobody has taken, or whose worker has been silent, for `staleMs`. Oldest first. */
export async function staleJobs(sql: Sql, staleMs: number, limit: number): Promise<string[]> {
  const before = `${staleMs} milliseconds`;
  const rows = await sql<{ id: string }[]>`
    select id from preview_jobs
    where (state = 'queued' and greatest(created_at, heartbeat_at) < now() - ${before}::interval)
      or (state = 'running' and heartbeat_at < now() - ${before}::interval)
    order by created_at limit ${limit}`;
  return rows.map(({ id }) => id);
}
