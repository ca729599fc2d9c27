import type { Actor } from "../auth/actor.ts";
import type { ApiConfig } from "../config.ts";
import type { Sql } from "../db/db.ts";
import { edgeSigner, signPlayback } from "../previews/playback.ts";
import type { Asset } from "./asset.ts";
import type { AssetRow } from "./store.ts";
import { type FoundVersion, findVersions } from "./version-store.ts";

/** The share that narrows what is seen; undefined for members. */
export function shareOf(actor: Actor): string | undefined {
  return actor.kind === "guest" ? actor.shareId : undefined;
}

/** Rows as the wire has them: newest version and signed poster, in one more query for any number of rows. */
export async function composeAssets(
  { sql, config }: { sql: Sql; config: Readonly<ApiConfig> },
  actor: Actor,
  rows: readonly AssetRow[],
): Promise<Asset[]> {
  const ids = rows.flatMap((row) => [row.versionId, row.shownVersionId]).filter((id) => id !== null);
  const versions = await findVersions(sql, [...new Set(ids)]);
  const signer = edgeSigner(config);
  const now = Date.now();
  return rows.map((row) => {
    const newest = row.versionId ? versions.get(row.versionId) : undefined;
    const shown = row.shownVersionId ? versions.get(row.shownVersionId) : undefined;
    const signed = shown?.preview ? signPlayback(signer, shown.version.id, shown.preview, 0, now) : undefined;
    return assetOf(row, actor, newest, signed);
  });
}

function assetOf(
  row: AssetRow,
  actor: Actor,
  newest: FoundVersion | undefined,
  signed: { poster: string | null; storyboard: string | null } | undefined,
): Asset {
  return {
    id: row.id,
    projectId: row.projectId,
    folderId: actor.kind === "guest" ? null : row.folderId,
    name: row.name,
    status: newest?.version.status ?? "processing",
    versionCount: row.versionCount,
    version: newest?.version ?? null,
    poster: signed?.poster ?? null,
    storyboard: signed?.storyboard ?? null,
    createdBy: row.makerId && row.makerName ? { kind: "person", id: row.makerId, name: row.makerName } : null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
