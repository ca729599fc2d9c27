import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { signDownload } from "../custody/sign-download.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { id, time } from "../shape.ts";
import { deleteAsset, restoreAsset } from "./delete-asset.ts";
import { needAsset } from "./read-asset.ts";
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
/** A short-lived URL of each newest master. */
export const severalDownloads = z.object({
  items: z.array(
    severalOutcome.shape.items.element.extend({
      url: z.string().nullable(),
      expiresAt: time.nullable(),
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

/** The newest version of each that the asker may see; a guest's are counted as downloads of the link. */
export async function downloadAssets(
  deps: Deps & Pick<Resources, "downloader">,
  actor: Actor,
  input: { assetIds: string[] },
): Promise<z.output<typeof severalDownloads>> {
  const signed = new Map<string, { url: string; expiresAt: string }>();
  const { items } = await each(input.assetIds, async (assetId) => {
    const { versionId } = await needAsset(deps, actor, assetId);
    if (!versionId) refuse("illegal-state", "There is no version to download yet.");
    signed.set(assetId, await signDownload(deps, actor, versionId));
  });
  return {
    items: items.map((item) => ({
      ...item,
      url: signed.get(item.assetId)?.url ?? null,
      expiresAt: signed.get(item.assetId)?.expiresAt ?? null,
    })),
  };
}
