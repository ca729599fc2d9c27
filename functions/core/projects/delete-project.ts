import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { recheckRights } from "../events/live.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { askerOf } from "./read-projects.ts";
import { findObstacles, findProject, lockProject, markDeleted } from "./store.ts";

/**
 * Deletes a project with all it holds, unless something in it is locked, held or still being promoted.
 * The objects are removed later by the sweep; the audit trail stays.
 */
export async function deleteProject(
  { sql, redis }: Pick<Resources, "sql" | "redis">,
  actor: Actor,
  projectId: string,
  expected: number | undefined,
): Promise<void> {
  await need(sql, actor, projectId, "manage");
  await inTransaction(sql, async (tx) => {
    if (!(await lockProject(tx, projectId, { everything: true }))) notFound("project");
    const project = (await findProject(tx, projectId, askerOf(actor))) ?? notFound("project");
    if (expected !== undefined && expected !== project.revision)
      refuse("stale", "The project was changed since you read it.");
    const { held, lockedUntil, unfinished } = await findObstacles(tx, projectId);
    if (held > 0)
      refuse(
        "under-hold",
        `${held} of its versions are under legal hold. A second manager has to release each first.`,
      );
    if (lockedUntil)
      refuse(
        "locked",
        `It holds masters that are locked until ${lockedUntil.toISOString()}. Nobody can delete them before.`,
      );
    if (unfinished > 0)
      refuse(
        "illegal-state",
        `${unfinished} of its uploads are becoming masters now. Wait until they are done.`,
      );
    await markDeleted(tx, projectId);
    await audit(tx, actor, {
      projectId,
      action: "project.deleted",
      subject: projectId,
      detail: { name: project.name },
    });
  });
  await recheckRights(redis, projectId);
}
