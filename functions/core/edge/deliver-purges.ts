import type { Sql } from "#core/db/db.ts";
import type { EdgeClient } from "./edge-client.ts";
import { generationsAfter, latestSequence } from "./generation-log.ts";

const stretch = 500;

export interface Delivered {
  url: string;
  /** Undefined when the edge has everything. */
  fault?: string;
}

/**
 * Brings every edge up to the end of the generation log. What an edge has is asked of the edge itself, so one that
 * was down, or came back without its disk, gets exactly what it lacks. Edges are independent: one that does not
 * answer holds up none. Never throws for an edge; throws when Postgres does.
 */
export async function deliverPurges(deps: { sql: Sql }, edges: readonly EdgeClient[]): Promise<Delivered[]> {
  const latest = await latestSequence(deps.sql);
  return Promise.all(
    edges.map(async (edge): Promise<Delivered> => {
      try {
        await bringUpToDate(deps.sql, edge, latest);
        return { url: edge.url };
      } catch (error) {
        return { url: edge.url, fault: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}

async function bringUpToDate(sql: Sql, edge: EdgeClient, latest: number): Promise<void> {
  const { sequence, waiting } = await edge.state();
  if (sequence >= latest && !waiting) return;
  let at = sequence;
  for (;;) {
    const entries = await generationsAfter(sql, at, stretch);
    at = entries.at(-1)?.sequence ?? at;
    const isWhole = entries.length < stretch;
    await edge.advance({ entries, upTo: at, isWhole });
    if (isWhole) return;
  }
}
