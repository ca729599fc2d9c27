import type { z } from "zod";
import type { preview as previewShape } from "../assets/asset.ts";
import { needVersion } from "../assets/read-asset.ts";
import type { Actor } from "../auth/actor.ts";
import type { Sql } from "../db/db.ts";
import type { Resources } from "../resources.ts";
import { edgeSigner, signPlayback } from "./playback.ts";

type Answer = z.output<typeof previewShape>;

interface LatestJob {
  id: string;
  progress: number;
  speed: number | null;
  etaSeconds: number | null;
  engine: string | null;
  rungs: Answer["rungs"];
  waiting: string | null;
}

async function latestJob(sql: Sql, versionId: string): Promise<LatestJob | undefined> {
  const [row] = await sql<LatestJob[]>`
    select id, progress, speed, eta_seconds as "etaSeconds", engine, rungs, waiting from preview_jobs
    where version_id = ${versionId} order by created_at desc, id desc limit 1`;
  return row;
}

/** How far a version's preview is and, as soon as there is something to watch, where: signed edge URLs. */
export async function readPreview(
  deps: Pick<Resources, "sql" | "config">,
  actor: Actor,
  versionId: string,
): Promise<Answer> {
  const { version, preview } = await needVersion(deps, actor, versionId);
  const job = await latestJob(deps.sql, versionId);
  const rungs = preview && preview.rungs.length > 0 ? preview.rungs : (job?.rungs ?? []);
  return {
    versionId,
    jobId: job?.id ?? preview?.jobId ?? null,
    state: version.state,
    progress: version.progress,
    speed: job?.speed ?? null,
    etaSeconds: version.state === "ready" ? null : (job?.etaSeconds ?? null),
    engine: job?.engine ?? preview?.engine ?? null,
    reason: version.reason,
    reasonCode: version.reasonCode,
    waiting: job?.waiting ?? null,
    warnings: preview?.warnings ?? [],
    rungs: rungs.map(({ name, width, height, bandwidth, codecs }) => ({
      name,
      width,
      height,
      bandwidth,
      codecs,
    })),
    media: version.media,
    playback: preview
      ? signPlayback(edgeSigner(deps.config), versionId, preview, version.media?.durationSeconds ?? 0)
      : null,
  };
}
