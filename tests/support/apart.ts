import type { Sql } from "#core/db/db.ts";

/** Gives rows creation times a second apart, in this order: two requests may fall into one millisecond. */
export async function aSecondApart(sql: Sql, table: string, ids: string[]): Promise<void> {
  for (const [index, id] of ids.entries())
    await sql`update ${sql(table)} set created_at = now() - ${ids.length - index} * interval '1 second'
      where id = ${id}`;
}
