import { z } from "zod";
import type { Sql } from "#core/db/db.ts";
import type { EdgeClient, Hydrated } from "./edge-client.ts";

const name = z.string().nullable();
const shownSchema = z.object({
  prefix: z.string(),
  master: name,
  poster: name,
  storyboard: name,
  peaks: name,
  image: name,
});

/**
 * Warms every edge with what the version shows now: its pictures, playlists and first segments, so that the first
 * viewer's first frame is already there. A courtesy: an edge that does not manage is left alone. Resolves to what
 * each did, or to nothing when the version shows nothing.
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
  if (!shown.success) return [];
  const { prefix, ...files } = shown.data;
  const names = Object.values(files).filter((file) => file !== null);
  const folder = prefix.split("/")[2] ?? "";
  const outcomes = await Promise.allSettled(edges.map((edge) => edge.hydrate(versionId, folder, names)));
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}
