import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { type Deed, need, needOnVersion } from "../auth/rights.ts";
import { pageOf, placeOf } from "../db/cursor.ts";
import { notFound } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { Asset, Version } from "./asset.ts";
import { composeAssets, shareOf } from "./compose.ts";
import { type AssetRow, findAsset } from "./store.ts";
import { type FoundVersion, findVersion, listVersionRows } from "./version-store.ts";

type Deps = Pick<Resources, "sql" | "config">;

/** The asset, if the asker may do `deed` with it. For a guest it exists when the share shows a version of it. */
export async function needAsset(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  assetId: string,
  deed: Deed = "watch",
): Promise<AssetRow> {
  const row = (await findAsset(sql, assetId, shareOf(actor))) ?? notFound("asset");
  if (actor.kind === "guest") {
    if (deed !== "watch" || row.projectId !== actor.projectId || row.versionCount === 0) notFound("asset");
  } else await need(sql, actor, row.projectId, deed, "asset");
  return row;
}

/** The version, if the asker may do `deed` with it: a member by role, a guest by the share. */
export async function needVersion(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  versionId: string,
  deed: "watch" | "comment" | "approve" | "download" = "watch",
): Promise<FoundVersion> {
  const found = (await findVersion(sql, versionId)) ?? notFound("version");
  await needOnVersion(sql, actor, found.version, deed);
  return found;
}

export async function readAsset(
  deps: Deps,
  actor: Actor,
  assetId: string,
): Promise<{ asset: Asset; revision: number }> {
  const row = await needAsset(deps, actor, assetId);
  const [asset] = await composeAssets(deps, actor, [row]);
  return { asset: asset ?? notFound("asset"), revision: row.revision };
}

/** Newest first. */
export async function listVersions(
  deps: Deps,
  actor: Actor,
  assetId: string,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<{ items: Version[]; nextCursor: string | null }> {
  await needAsset(deps, actor, assetId);
  const [before] = placeOf(cursor, [z.int()]) ?? [undefined];
  const rows = await listVersionRows(deps.sql, {
    assetId,
    shareId: shareOf(actor),
    before,
    limit: limit + 1,
  });
  return pageOf(
    rows,
    limit,
    (row) => row.version,
    (row) => [row.version.number],
  );
}
