import type { Media } from "#core/assets/asset.ts";
import { newId } from "#core/id.ts";
import type { Preview } from "#core/previews/preview.ts";
import type { Resources } from "#core/resources.ts";

export interface SeededVersion {
  assetId: string;
  versionId: string;
}

export const defaultMedia: Media = {
  kind: "video",
  durationSeconds: 10,
  width: 1920,
  height: 1080,
  rate: { num: 25, den: 1 },
  frames: 250,
  startTimecode: "01:00:00:00",
  dropFrame: false,
  variable: false,
  pts: null,
  container: "mov",
  video: {
    codec: "h264",
    profile: "High",
    pixelFormat: "yuv420p",
    bitDepth: 8,
    hdr: null,
    interlaced: false,
    rotation: 0,
  },
  audio: [],
  subtitles: [],
  loudness: null,
};

export function previewAt(versionId: string, jobId: string): Preview {
  return {
    jobId,
    prefix: `assets/${versionId}/${jobId}.1/`,
    kind: "video",
    master: "master.m3u8",
    poster: "poster.jpg",
    storyboard: "storyboard.vtt",
    peaks: "peaks.json",
    image: null,
    rungs: [
      {
        name: "v0",
        width: 1920,
        height: 1080,
        bandwidth: 5_000_000,
        averageBandwidth: 4_000_000,
        codecs: "avc1.640028",
      },
    ],
    audio: [],
    subtitles: [],
    instant: null,
    engine: "cpu",
    warnings: [],
    recipeHash: "0".repeat(64),
    complete: true,
  };
}

export interface WantedVersion {
  projectId: string;
  assetId?: string;
  folderId?: string | null;
  name?: string;
  state?: "promoting" | "mastered" | "building" | "playable" | "ready" | "failed";
  media?: Partial<Media>;
  lockUntil?: Date;
  createdBy?: string | null;
}

/** A version as promotion and the worker leave it, without their work: rows only. */
export async function seedVersion(
  { sql }: Pick<Resources, "sql">,
  wanted: WantedVersion,
): Promise<SeededVersion> {
  const { projectId, state = "ready", name = "clip.mov", createdBy = null } = wanted;
  const assetId = wanted.assetId ?? newId("asset");
  const [versionId, uploadId, jobId] = [newId("version"), newId("upload"), newId("job")];
  const isShown = state === "ready" || state === "playable";
  const media = isShown ? { ...defaultMedia, ...wanted.media } : null;
  await sql.begin(async (tx) => {
    if (!wanted.assetId)
      await tx`insert into assets (id, project_id, folder_id, name, created_by)
        values (${assetId}, ${projectId}, ${wanted.folderId ?? null}, ${name}, ${createdBy})`;
    await tx`
      insert into uploads (id, project_id, name, bytes, content_type, method, storage_key, state, received_at, expires_at)
      values (${uploadId}, ${projectId}, ${name}, 1000, 'video/quicktime', 'put', ${`uploads/${uploadId}`}, 'promoted',
        now(), now() + interval '1 day')`;
    await tx`
      insert into versions (id, project_id, asset_id, upload_id, number, state, reason_code, reason, name, bytes, content_type,
        master_key, master_version_id, lock_mode, lock_until, lock_read_at, media, preview, created_by)
      select ${versionId}, ${projectId}, ${assetId}, ${uploadId},
        coalesce((select max(number) from versions where asset_id = ${assetId}), 0) + 1, ${state},
        ${state === "failed" ? "damaged" : null}, ${state === "failed" ? "The file is damaged." : null},
        ${name}, 1000, 'video/quicktime', ${`masters/${versionId}`}, 'v1', 'GOVERNANCE',
        ${wanted.lockUntil ?? new Date(Date.now() - 1000)}, now(), ${media ? tx.json(media as never) : null},
        ${isShown ? tx.json(previewAt(versionId, jobId) as never) : null}, ${createdBy}`;
    await tx`update assets set current_version_id = ${versionId} where id = ${assetId}`;
  });
  return { assetId, versionId };
}
