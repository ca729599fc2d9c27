import { z } from "zod";
import type { Sql } from "#core/db/db.ts";
import type { EdgeClient, Hydrated } from "./edge-client.ts";

const shownSchema = z.object({ prefix: z.string(), master: z.string().nullable() });

/**
 * Warms every edge with the playlists and first segments of what the version shows now, so that the first viewer's
 * first frame is already there. A courtesy: an edge that does not manage is left alone. Resolves to what each did,
 * or to nothing when the version shows no stream.
 */
export async function hydrateVersion(
  deps: { sql: Sql },
  edges: readonly EdgeClient[],
  versionId: string,
): Promise<Hydrated[]> {
  const [row] = await deps.sql<{ preview: unknown }[]>`
    select preview from versions
    where id = ${versionId} and state in ('playable', 'ready') and deleted_at is null`;
  const shown = shownSchema.safeParse(row?.preview);
  if (!shown.success || shown.data.master === null) return [];
  const folder = shown.data.prefix.split("/")[2] ?? "";
  const outcomes = await Promise.allSettled(edges.map((edge) => edge.hydrate(versionId, folder)));
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}
