import { media } from "../assets/asset.ts";
import type { Sql } from "../db/db.ts";
import { refuse } from "../refusal.ts";
import { frameModelOf } from "../timecode/timecode.ts";

/** What a comment is put on. */
export interface Target {
  id: string;
  projectId: string;
  assetId: string;
  state: string;
  /** How many frames there are; null before the probe has counted them. */
  frames: number | null;
}

export async function findTarget(sql: Sql, versionId: string): Promise<Target | undefined> {
  const [row] = await sql<
    {
      id: string;
      projectId: string;
      assetId: string;
      state: string;
      media: unknown;
      listed: number | null;
    }[]
  >`select v.id, v.project_id as "projectId", v.asset_id as "assetId", v.state,
      v.media || '{"pts": null}' as media, jsonb_array_length(nullif(v.media -> 'pts', 'null')) as listed
    from versions v join assets a on a.id = v.asset_id and a.deleted_at is null
    where v.id = ${versionId} and v.deleted_at is null`;
  if (!row) return undefined;
  const { media: found, listed, ...target } = row;
  if (found === null) return { ...target, frames: null };
  const parsed = media.parse(found);
  return { ...target, frames: frameModelOf({ ...parsed, frames: parsed.frames ?? listed }).frames };
}

/** A comment lies within its clip. Before anybody knows how long that is, only its beginning can be meant. */
export function refuseOutside(
  target: Target,
  place: { frame: number; endFrame?: number | null | undefined },
): void {
  const last = target.frames === null ? 0 : target.frames - 1;
  const outside = (["frame", "endFrame"] as const).filter((name) => (place[name] ?? 0) > last);
  if (outside.length === 0) return;
  if (target.frames === null)
    refuse("illegal-state", "The frames of this version are not counted yet. Comment once it is playable.");
  refuse("invalid", `The last frame of this version is ${last}.`, {
    errors: outside.map((name) => ({ pointer: `/${name}`, detail: `must be at most ${last}` })),
  });
}
