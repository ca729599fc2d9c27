import type { Sql } from "../db/db.ts";
import type { Resources } from "../resources.ts";
import { deleteKeys, listKeys } from "../storage/prefix.ts";
import { isInstantFile } from "./preview.ts";

/** A viewer who was on it when it was replaced has left by then: longer than any edge token lives. */
export const LEFTOVER_GRACE_MS = 2 * 86_400_000;

interface Leftover {
  jobId: string;
  prefix: string;
  /** The version shows this very build: only what helped before it was finished may go. */
  isShown: boolean;
}

async function leftovers(sql: Sql, graceMs: number, limit: number): Promise<Leftover[]> {
  return sql<Leftover[]>`
    select j.id as "jobId", j.prefix, coalesce(v.preview ->> 'prefix' = j.prefix and v.state = 'ready', false) as "isShown"
    from preview_jobs j join versions v on v.id = j.version_id
    where j.swept_at is null and j.prefix is not null and j.finished_at < now() - ${`${graceMs} milliseconds`}::interval
      -- A version that is being built again may still show what this job made last.
      and not (v.state in ('building', 'playable') and v.preview ->> 'prefix' = j.prefix)
    order by j.finished_at limit ${limit}`;
}

/** Removes replaced previews, and the repacked sources of finished ones. Answers how many objects went. */
export async function sweepLeftovers(
  { sql, custodian }: Pick<Resources, "sql" | "custodian">,
  options: { graceMs: number; limit: number; signal: AbortSignal },
): Promise<number> {
  const { previews } = custodian.buckets;
  let gone = 0;
  for (const { jobId, prefix, isShown } of await leftovers(sql, options.graceMs, options.limit)) {
    if (options.signal.aborted) break;
    const keys: string[] = [];
    for await (const { key } of listKeys(custodian, previews, prefix)) {
      if (!isShown || isInstantFile(key.slice(prefix.length))) keys.push(key);
    }
    await deleteKeys(custodian, previews, keys);
    await sql`update preview_jobs set swept_at = now() where id = ${jobId}`;
    gone += keys.length;
  }
  return gone;
}
