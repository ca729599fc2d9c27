import type { Sql } from "#core/db/db.ts";
import { hint } from "#core/outbox.ts";

/** One version's latest entry in the log that every edge follows. */
export interface Generation {
  versionId: string;
  sequence: number;
  /** Taken down: edges answer 410. */
  deny: boolean;
}

/**
 * Makes every edge forget what it holds of the version; with `deny` also refuse (true) or serve (false) it from now
 * on. Part of the caller's transaction; edges hear of it after the commit. Deleting a version and replacing its
 * preview do this by themselves (a trigger in the schema). Resolves to the entry's sequence.
 */
export async function purgeVersion(
  sql: Sql,
  versionId: string,
  { deny = null }: { deny?: boolean | null } = {},
): Promise<number> {
  const [row] = await sql<{ sequence: number }[]>`
    select advance_edge_generation(${versionId}, ${deny}::boolean) as sequence`;
  await hint(sql, "edge:purge", versionId);
  return row?.sequence ?? 0;
}

/** The last sequence given out; 0 when nothing was ever purged. */
export async function latestSequence(sql: Sql): Promise<number> {
  const [row] = await sql<{ sequence: number }[]>`
    select coalesce(max(sequence), 0)::bigint as sequence from edge_generations`;
  return row?.sequence ?? 0;
}

/** The entries after `sequence`, oldest first, at most `limit`. */
export async function generationsAfter(sql: Sql, sequence: number, limit: number): Promise<Generation[]> {
  return sql<Generation[]>`
    select version_id as "versionId", sequence, denied as deny from edge_generations
    where sequence > ${sequence} order by sequence limit ${limit}`;
}
