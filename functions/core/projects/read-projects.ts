import { z } from "zod";
import { type Actor, personOf } from "../auth/actor.ts";
import { need, needScope } from "../auth/rights.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { edgeSigner } from "../previews/playback.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { Project, projectQuery } from "./project.ts";
import { type Asker, findProject, findProjects, projectOf } from "./store.ts";

type Deps = Pick<Resources, "sql" | "config">;

/** The person (or the system) who asks; guests see a share, never a project. */
export function askerOf(actor: Actor): Asker {
  if (actor.kind === "system") return { personId: null, isAdmin: true };
  if (actor.kind === "guest") refuse("forbidden", "A link opens what it shares, nothing more.");
  return { personId: personOf(actor) ?? null, isAdmin: actor.admin };
}

/** The projects the asker may enter, newest first. */
export async function listProjects(
  { sql, config }: Deps,
  actor: Actor,
  { limit, cursor, q }: z.output<typeof projectQuery>,
): Promise<{ items: Project[]; nextCursor: string | null }> {
  const asker = askerOf(actor);
  needScope(actor, "read");
  const after = placeOf(cursor, [timePlace, z.string()]);
  const rows = await findProjects(sql, asker, { limit, q, after });
  const signer = edgeSigner(config);
  return pageOf(
    rows,
    limit,
    (row) => projectOf(row, signer),
    (row) => [row.createdAt.toISOString(), row.id],
  );
}

export async function readProject(
  { sql, config }: Deps,
  actor: Actor,
  projectId: string,
): Promise<{ project: Project; revision: number }> {
  await need(sql, actor, projectId, "watch");
  const row = (await findProject(sql, projectId, askerOf(actor))) ?? notFound("project");
  return { project: projectOf(row, edgeSigner(config)), revision: row.revision };
}
