import { type Media, media } from "#core/assets/asset.ts";
import { json, type Sql } from "#core/db/db.ts";
import {
  type Claim,
  claimRow,
  type FailureCode,
  type Hashes,
  JOB_LEASE_MS,
  type JobState,
  type Progress,
} from "./job.ts";
import { type Preview, previewSchema } from "./preview.ts";

/** A job as somebody's: every write of a worker names the fence it was given. */
export interface Held {
  jobId: string;
  fence: number;
  versionId: string;
}

/** Takes a queued job, or a running one whose owner has been silent for a lease. Null: nobody's to take. */
export async function takeJob(
  sql: Sql,
  jobId: string,
  worker: string,
  onlyUnseen: boolean,
): Promise<Claim | null> {
  const rows = await sql`
    with taken as (
      update preview_jobs set state = 'running', fence = fence + 1, attempts = attempts + 1, claimed_by = ${worker},
        heartbeat_at = now(), started_at = coalesce(started_at, now()), progress = 0, speed = null, eta_seconds = null
      where id = ${jobId} and (state = 'queued'
        or (state = 'running' and heartbeat_at < now() - ${`${JOB_LEASE_MS} milliseconds`}::interval))
        and (not ${onlyUnseen} or exists (
          select 1 from versions v where v.id = version_id and v.state not in ('playable', 'ready')))
      returning *)
    select t.id, t.fence, t.attempts, t.version_id, t.project_id, t.recipe, t.recipe_hash, t.traceparent,
      v.asset_id, v.master_key, v.master_version_id, v.bytes, v.client_sha256, v.client_xxh128, v.sha256,
      coalesce(v.client_sha256, (select k.sha256 from versions k
        where k.xxh128 = v.client_xxh128 and k.bytes = v.bytes and k.sha256 is not null limit 1)) as presumed_sha256,
      v.state as version_state, v.preview ->> 'prefix' as shown_prefix,
      exists (select 1 from edge_generations e where e.version_id = v.id and e.denied) as withdrawn,
      (v.media -> 'loudness' ->> 'integratedLufs')::float8 as known_lufs
    from taken t join versions v on v.id = t.version_id`;
  if (rows.length === 0) return null;
  const row = claimRow.parse(rows[0]);
  return {
    jobId: row.id,
    fence: row.fence,
    attempt: row.attempts,
    versionId: row.version_id,
    assetId: row.asset_id,
    projectId: row.project_id,
    recipe: row.recipe,
    recipeHash: row.recipe_hash,
    traceparent: row.traceparent,
    master: { key: row.master_key, storageVersionId: row.master_version_id, bytes: row.bytes },
    clientHashes: { sha256: row.client_sha256, xxh128: row.client_xxh128 },
    knownSha256: row.sha256,
    presumedSha256: row.presumed_sha256,
    isRebuild: row.version_state === "ready",
    isWithdrawn: row.withdrawn,
    shownPrefix: row.version_state === "playable" ? row.shown_prefix : null,
    knownLufs: row.known_lufs,
  };
}

/** The version leaves `mastered` (or an earlier failure) for `building`. */
export async function moveToBuilding(sql: Sql, versionId: string): Promise<void> {
  await sql`
    update versions set state = 'building', reason = null, reason_code = null, updated_at = now()
    where id = ${versionId} and state in ('mastered', 'failed') and deleted_at is null`;
}

/** Heartbeat and figures in one write. False: the job is no longer ours (lapsed, cancelled, finished). */
export async function beat(sql: Sql, held: Held, progress?: Progress, engine?: string): Promise<boolean> {
  const rows = await sql`
    update preview_jobs set heartbeat_at = now(),
      progress = greatest(progress, ${progress?.progress ?? 0}),
      speed = coalesce(${progress?.speed ?? null}, speed),
      eta_seconds = ${progress?.etaSeconds ?? null},
      engine = coalesce(${engine ?? null}, engine)
    where id = ${held.jobId} and fence = ${held.fence} and state = 'running' returning 1`;
  return rows.length === 1;
}

/** Holds the job's row for the rest of the transaction. False: it is no longer ours. */
export async function lockHeld(sql: Sql, held: Held): Promise<boolean> {
  const rows = await sql`
    select 1 from preview_jobs
    where id = ${held.jobId} and fence = ${held.fence} and state = 'running' for update`;
  return rows.length === 1;
}

/** `running` to another state, if it is still ours. */
export async function leaveRunning(
  sql: Sql,
  held: Held,
  end: {
    state: Exclude<JobState, "running">;
    prefix?: string;
    contentKey?: string;
    result?: Record<string, unknown>;
    rungs?: unknown[];
    failure?: { code: FailureCode; reason: string };
    engine?: string;
    /** A hand-back is no attempt. */
    uncounted?: boolean;
    /** Why it cannot move on, for people. */
    waiting?: string;
  },
): Promise<boolean> {
  const isEnd = end.state !== "queued";
  const rows = await sql`
    update preview_jobs set state = ${end.state}, prefix = coalesce(${end.prefix ?? null}, prefix),
      content_key = coalesce(${end.contentKey ?? null}, content_key),
      result = coalesce(${end.result ? json(sql, end.result) : null}, result),
      rungs = coalesce(${end.rungs ? json(sql, end.rungs) : null}, rungs),
      engine = coalesce(${end.engine ?? null}, engine),
      reason_code = ${end.failure?.code ?? null}, reason = ${end.failure?.reason ?? null},
      waiting = ${end.waiting ?? null},
      progress = case when ${end.state} = 'done' then 1 else progress end,
      attempts = attempts - ${end.uncounted ? 1 : 0},
      eta_seconds = null, finished_at = case when ${isEnd} then now() end
    where id = ${held.jobId} and fence = ${held.fence} and state = 'running' returning 1`;
  return rows.length === 1;
}

/** Shows a preview that is still being built. Only a version without a finished one moves; `isNew` the first time. */
export async function showPlayable(
  sql: Sql,
  versionId: string,
  shown: { preview: Preview; media: Media },
): Promise<{ isNew: boolean } | null> {
  const rows = await sql<{ state: string }[]>`
    with before as (select id, state from versions where id = ${versionId} for update)
    update versions v set state = 'playable', preview = ${json(sql, shown.preview)}, media = ${json(sql, shown.media)},
      updated_at = now()
    from before
    where v.id = before.id and v.state in ('building', 'playable') and v.deleted_at is null returning before.state`;
  const row = rows[0];
  return row ? { isNew: row.state === "building" } : null;
}

/** Points the version at a finished preview, unless a build asked for later is already shown. */
export async function showFinished(
  sql: Sql,
  held: Held,
  shown: { preview: Preview; media: Media },
): Promise<{ wasReady: boolean } | null> {
  const rows = await sql<{ state: string }[]>`
    with before as (select id, state from versions where id = ${held.versionId} for update)
    update versions v set state = 'ready', preview = ${json(sql, shown.preview)}, media = ${json(sql, shown.media)},
      updated_at = now()
    from before
    where v.id = before.id and v.state in ('building', 'playable', 'ready') and v.deleted_at is null
      and not exists (
        select 1 from preview_jobs later join preview_jobs mine on mine.id = ${held.jobId}
        where v.state = 'ready' and later.id = v.preview ->> 'jobId' and later.created_at > mine.created_at)
    returning before.state`;
  const row = rows[0];
  return row ? { wasReady: row.state === "ready" } : null;
}

/** The version ends as failed. A finished preview survives a failed rebuild, unless `evenIfReady`. */
export async function showFailed(
  sql: Sql,
  versionId: string,
  failure: { code: FailureCode; reason: string },
  evenIfReady: boolean,
): Promise<boolean> {
  const from = ["mastered", "building", "playable", ...(evenIfReady ? ["ready", "failed"] : [])];
  const rows = await sql`
    update versions set state = 'failed', reason_code = ${failure.code}, reason = ${failure.reason}, updated_at = now()
    where id = ${versionId} and state = any(${from}) returning 1`;
  return rows.length === 1;
}

export async function storeHashes(sql: Sql, versionId: string, hashes: Hashes): Promise<void> {
  await sql`
    update versions set sha256 = ${hashes.sha256}, xxh128 = ${hashes.xxh128}, c4 = ${hashes.c4}, updated_at = now()
    where id = ${versionId} and sha256 is null`;
}

/** A finished preview of the same bytes by the same recipe and tool: it is on screen, so its prefix is whole. */
export async function findBuilt(
  sql: Sql,
  contentKey: string,
): Promise<{ preview: Preview; media: Media } | null> {
  const rows = await sql<{ preview: unknown; media: unknown }[]>`
    select v.preview, v.media from preview_jobs j join versions v on v.id = j.version_id
    where j.content_key = ${contentKey} and j.state = 'done' and v.deleted_at is null
      and v.state = 'ready' and v.preview ->> 'jobId' = j.id
    order by j.finished_at desc limit 1`;
  const row = rows[0];
  return row ? { preview: previewSchema.parse(row.preview), media: media.parse(row.media) } : null;
}

export async function jobState(sql: Sql, jobId: string): Promise<JobState | null> {
  const rows = await sql<{ state: JobState }[]>`select state from preview_jobs where id = ${jobId}`;
  return rows[0]?.state ?? null;
}
