import type { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { needOnVersion } from "../auth/rights.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { leadInput } from "./event.ts";
import { publishLive } from "./live.ts";

/**
 * Tells everybody who looks at a version what the leader of a shared session does: play head, speed, drawing.
 * Nothing is stored; who misses one gets the next.
 */
export async function lead(
  { sql, redis }: Pick<Resources, "sql" | "redis">,
  actor: Actor,
  { versionId, state }: z.output<typeof leadInput>,
): Promise<void> {
  if (actor.kind === "guest" && !actor.allow.comment) refuse("forbidden", "This link does not allow that.");
  const [version] = await sql<{ projectId: string }[]>`
    select project_id as "projectId" from versions where id = ${versionId} and deleted_at is null`;
  if (!version) notFound("version");
  await needOnVersion(sql, actor, { id: versionId, projectId: version.projectId }, "watch");
  await publishLive(redis, version.projectId, {
    type: "follow.state",
    data: { versionId, leader: { kind: actor.kind, id: actor.id, name: actor.name }, state },
  });
}
