import { findVersion } from "../assets/version-store.ts";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction, json, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { emit, hint } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { type Recipe, recipeHash } from "./recipe.ts";

type Deps = Pick<Resources, "sql">;

/** The live job of (version, recipe): the one there is, or a new one with its hint. */
export async function enqueuePreview(
  sql: Sql,
  job: { versionId: string; projectId: string; recipe: Recipe; traceparent?: string | undefined },
): Promise<{ jobId: string; isNew: boolean }> {
  const hash = recipeHash(job.recipe);
  const [made] = await sql<{ id: string }[]>`
    insert into preview_jobs (id, version_id, project_id, recipe, recipe_hash, traceparent)
    values (${newId("job")}, ${job.versionId}, ${job.projectId}, ${json(sql, job.recipe)}, ${hash}, ${job.traceparent ?? null})
    on conflict (version_id, recipe_hash) where state in ('queued', 'running') do nothing
    returning id`;
  if (made) {
    await hint(sql, "previews:build", made.id, job.traceparent);
    return { jobId: made.id, isNew: true };
  }
  const [live] = await sql<{ id: string }[]>`
    select id from preview_jobs where version_id = ${job.versionId} and recipe_hash = ${hash}
      and state in ('queued', 'running')`;
  if (!live) refuse("conflict", "The build of this recipe ended this moment. Ask again.");
  return { jobId: live.id, isNew: false };
}

/**
 * Builds a preview again, or tries a failed version again. What is shown stays until the new one is finished.
 * Asking twice for the same recipe while it builds answers the same job.
 */
export async function requestPreview(
  deps: Deps,
  actor: Actor,
  input: { versionId: string; recipe: Recipe },
  traceparent?: string,
): Promise<{ jobId: string }> {
  const { version } = (await findVersion(deps.sql, input.versionId)) ?? notFound("version");
  await need(deps.sql, actor, version.projectId, "upload", "version");
  return inTransaction(deps.sql, async (sql) => {
    const [row] = await sql<{ state: string; isMastered: boolean }[]>`
      select state, lock_read_at is not null and master_version_id is not null as "isMastered" from versions
      where id = ${version.id} and deleted_at is null for no key update`;
    if (!row) notFound("version");
    if (!row.isMastered)
      refuse(
        "illegal-state",
        row.state === "failed"
          ? "This version has no master to build from. Upload the file again."
          : "The master is not locked yet. Its preview follows by itself.",
      );
    const { jobId, isNew } = await enqueuePreview(sql, {
      versionId: version.id,
      projectId: version.projectId,
      recipe: input.recipe,
      traceparent,
    });
    if (row.state === "failed")
      await sql`update versions set state = 'mastered', reason = null, reason_code = null, updated_at = now()
        where id = ${version.id} and state = 'failed'`;
    if (isNew)
      await audit(sql, actor, {
        projectId: version.projectId,
        action: "preview.requested",
        subject: version.id,
        detail: { jobId },
      });
    return { jobId };
  });
}

/**
 * Stops a build that is not finished. A version with nothing to show counts as failed then, and can be tried again.
 */
export async function cancelPreview(deps: Deps, actor: Actor, jobId: string): Promise<{ jobId: string }> {
  const [job] = await deps.sql<{ versionId: string }[]>`
    select version_id as "versionId" from preview_jobs where id = ${jobId}`;
  if (!job) notFound("job");
  const { version } = (await findVersion(deps.sql, job.versionId)) ?? notFound("job");
  await need(deps.sql, actor, version.projectId, "upload", "job");
  return inTransaction(deps.sql, async (sql) => {
    const rows = await sql`
      update preview_jobs set state = 'cancelled', finished_at = now(), eta_seconds = null
      where id = ${jobId} and state in ('queued', 'running') returning 1`;
    if (rows.length === 0) refuse("illegal-state", "This build has ended already.");
    const reason = `${actor.name} cancelled the build. Try again to make the preview.`;
    const failed = await sql`
      update versions set state = 'failed', reason_code = 'cancelled', reason = ${reason}, updated_at = now()
      where id = ${version.id} and state in ('mastered', 'building', 'playable')
        and not exists (select 1 from preview_jobs where version_id = ${version.id} and state in ('queued', 'running'))
      returning 1`;
    if (failed.length === 1)
      await emit(sql, {
        projectId: version.projectId,
        type: "version.failed",
        data: { versionId: version.id, assetId: version.assetId, jobId, reasonCode: "cancelled", reason },
      });
    await audit(sql, actor, {
      projectId: version.projectId,
      action: "preview.cancelled",
      subject: version.id,
      detail: { jobId },
    });
    return { jobId };
  });
}
