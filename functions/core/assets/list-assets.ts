import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { notFound } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { Asset, assetQuery } from "./asset.ts";
import { composeAssets, shareOf } from "./compose.ts";
import { listAssetRows } from "./store.ts";

/** A page of a project's assets; a guest sees those of the share, whatever folder they lie in. */
export async function listAssets(
  deps: Pick<Resources, "sql" | "config">,
  actor: Actor,
  query: z.output<typeof assetQuery>,
): Promise<{ items: Asset[]; nextCursor: string | null }> {
  const { projectId, folderId, q, status, sort, cursor, limit } = query;
  if (actor.kind === "guest") {
    if (actor.projectId !== projectId) notFound("project");
  } else await need(deps.sql, actor, projectId, "watch");
  const isByName = sort.endsWith("name");
  const [key, id] = (isByName
    ? placeOf(cursor, [z.string(), z.string()])
    : placeOf(cursor, [timePlace, z.string()])) ?? [undefined, undefined];
  const rows = await listAssetRows(deps.sql, {
    projectId,
    folderId: actor.kind === "guest" ? undefined : folderId === "root" ? null : folderId,
    q,
    status,
    shareId: shareOf(actor),
    sort,
    after: key === undefined || id === undefined ? undefined : { key, id },
    limit: limit + 1,
  });
  const place = (row: (typeof rows)[number]): string[] => {
    if (isByName) return [row.sortName, row.id];
    return [(sort.endsWith("createdAt") ? row.createdAt : row.updatedAt).toISOString(), row.id];
  };
  const { items, nextCursor } = pageOf(rows, limit, (row) => row, place);
  return { items: await composeAssets(deps, actor, items), nextCursor };
}
