import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { Refusal } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { id } from "../shape.ts";
import { deleteAsset, restoreAsset } from "./delete-asset.ts";
import { updateAsset } from "./update-asset.ts";

const assetIds = z.array(id("asset")).min(1).max(200);
export const severalInput = z.object({ assetIds });
export const moveSeveralInput = z.object({ assetIds, folderId: id("folder").nullable() });

/** What became of each; one that is refused does not stop the others. */
export const severalOutcome = z.object({
  items: z.array(
    z.object({
      assetId: id("asset"),
      isDone: z.boolean(),
      code: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
});
type Outcome = z.output<typeof severalOutcome>;
type Deps = Pick<Resources, "sql" | "config" | "promoter">;

async function each(ids: readonly string[], deed: (assetId: string) => Promise<unknown>): Promise<Outcome> {
  const items: Outcome["items"] = [];
  for (const assetId of new Set(ids))
    try {
      await deed(assetId);
      items.push({ assetId, isDone: true, code: null, detail: null });
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === "unavailable") throw error;
      items.push({ assetId, isDone: false, code: error.code, detail: error.message });
    }
  return { items };
}

export function moveAssets(
  deps: Deps,
  actor: Actor,
  input: z.output<typeof moveSeveralInput>,
): Promise<Outcome> {
  const { folderId } = input;
  return each(input.assetIds, (assetId) => updateAsset(deps, actor, assetId, { folderId }, undefined));
}

export function deleteAssets(deps: Deps, actor: Actor, input: { assetIds: string[] }): Promise<Outcome> {
  return each(input.assetIds, (assetId) => deleteAsset(deps, actor, assetId, undefined));
}

export function restoreAssets(deps: Deps, actor: Actor, input: { assetIds: string[] }): Promise<Outcome> {
  return each(input.assetIds, (assetId) => restoreAsset(deps, actor, assetId));
}
