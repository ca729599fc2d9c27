import type { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { edgeSigner, signPlayback } from "../previews/playback.ts";
import type { Resources } from "../resources.ts";
import { frameModelOf, frameOffset } from "../timecode/timecode.ts";
import type { comparison } from "./asset.ts";
import { needVersion } from "./read-asset.ts";
import type { FoundVersion } from "./version-store.ts";

/** Two versions side by side, each of which the asker may watch, and how their frames line up. */
export async function compareVersions(
  deps: Pick<Resources, "sql" | "config">,
  actor: Actor,
  ids: { left: string; right: string },
): Promise<z.output<typeof comparison>> {
  const left = await needVersion(deps, actor, ids.left);
  const right = await needVersion(deps, actor, ids.right);
  const signer = edgeSigner(deps.config);
  const sideOf = ({ version, preview }: FoundVersion) => ({
    version,
    playback: preview ? signPlayback(signer, version.id, preview, version.media?.durationSeconds ?? 0) : null,
  });
  const media = [left.version.media, right.version.media] as const;
  return {
    left: sideOf(left),
    right: sideOf(right),
    frameOffset: media[0] && media[1] ? frameOffset(frameModelOf(media[0]), frameModelOf(media[1])) : 0,
  };
}
