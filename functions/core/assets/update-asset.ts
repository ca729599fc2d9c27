import type { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { Asset, updateAssetInput } from "./asset.ts";
import { needAsset, readAsset } from "./read-asset.ts";
import { hasFolder, updateAssetRow } from "./store.ts";

/** Renames an asset or moves it to another folder of its project (null: to none). */
export async function updateAsset(
  deps: Pick<Resources, "sql" | "config">,
  actor: Actor,
  assetId: string,
  input: z.output<typeof updateAssetInput>,
  revision: number | undefined,
): Promise<{ asset: Asset; revision: number }> {
  if (actor.kind === "guest") notFound("asset");
  const row = await needAsset(deps, actor, assetId, "edit");
  if (input.folderId && !(await hasFolder(deps.sql, row.projectId, input.folderId)))
    refuse("invalid", "There is no such folder in this project.", {
      errors: [{ pointer: "/folderId", detail: "is no folder of this project" }],
    });
  await inTransaction(deps.sql, async (sql) => {
    if (!(await updateAssetRow(sql, assetId, revision, input)))
      refuse("stale", "Someone changed this asset since you read it.");
    await emit(sql, { projectId: row.projectId, type: "asset.updated", data: { assetId, ...input } });
    await audit(sql, actor, {
      projectId: row.projectId,
      action: "asset.updated",
      subject: assetId,
      detail: { before: { name: row.name, folderId: row.folderId }, change: input },
    });
  });
  return readAsset(deps, actor, assetId);
}
