import { z } from "zod";
import { escapeLike } from "../assets/store.ts";
import { type Actor, personOf } from "../auth/actor.ts";
import { need, needScope } from "../auth/rights.ts";
import type { Sql } from "../db/db.ts";
import { notFound } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { id } from "../shape.ts";

export const searchQuery = z.object({
  /** Left out: every project the asker is in. */
  projectId: id("project").optional(),
  q: z.string().trim().min(1).max(200),
  limit: z.coerce.number().int().min(1).max(50).default(10),
});

const projectId = id("project");
export const found = z.object({
  assets: z.array(
    z.object({ id: id("asset"), projectId, name: z.string(), folderId: id("folder").nullable() }),
  ),
  folders: z.array(
    z.object({ id: id("folder"), projectId, name: z.string(), parentId: id("folder").nullable() }),
  ),
  comments: z.array(
    z.object({
      id: id("comment"),
      projectId,
      versionId: id("version"),
      assetId: id("asset"),
      assetName: z.string(),
      frame: z.int(),
      authorName: z.string(),
      text: z.string(),
    }),
  ),
  people: z.array(z.object({ id: id("person"), name: z.string(), email: z.string() })),
});
type Found = z.output<typeof found>;

/** The latest so many matches are ranked: after one letter there may be a million. */
const CANDIDATES = 500;

/** A few of each kind for search as you type: names, what was said, who is here. Members only. */
export async function search(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  query: z.output<typeof searchQuery>,
): Promise<Found> {
  if (query.projectId) await need(sql, actor, query.projectId, "watch");
  else needScope(actor, "read");
  const ids = query.projectId ? [query.projectId] : await projectsOf(sql, actor);
  const { limit } = query;
  const lower = escapeLike(query.q.toLowerCase());
  const [part, start] = [`%${lower}%`, `${lower}%`];
  const [assets, folders, comments, people] = await Promise.all([
    sql<Found["assets"]>`
      select id, "projectId", name, "folderId" from (
        select id, project_id as "projectId", name, folder_id as "folderId", updated_at from assets
        where project_id = any(${ids}) and deleted_at is null and lower(name) like ${part}
        order by updated_at desc, id desc limit ${CANDIDATES}) as recent
      order by lower(name) like ${start} desc, updated_at desc, id desc limit ${limit}`,
    sql<Found["folders"]>`
      select id, project_id as "projectId", name, parent_id as "parentId" from folders
      where project_id = any(${ids}) and lower(name) like ${part}
      order by lower(name) like ${start} desc, lower(name), id limit ${limit}`,
    sql<Found["comments"]>`
      select c.id, c.project_id as "projectId", c.version_id as "versionId", a.id as "assetId",
        a.name as "assetName", c.frame, c.author_name as "authorName", left(c.text, 280) as text
      from comments c join versions v on v.id = c.version_id and v.deleted_at is null
      join assets a on a.id = v.asset_id and a.deleted_at is null
      where c.project_id = any(${ids}) and c.deleted_at is null and lower(c.text) like ${part}
      order by c.created_at desc, c.id desc limit ${limit}`,
    sql<Found["people"]>`
      select p.id, p.name, p.email from people p
      where (lower(p.name) like ${part} or p.email like ${start}) and exists (
        select 1 from memberships m where m.person_id = p.id and m.project_id = any(${ids}))
      order by lower(p.name), p.id limit ${limit}`,
  ]);
  return { assets: [...assets], folders: [...folders], comments: [...comments], people: [...people] };
}

/** Where the asker may look; an administrator everywhere. */
async function projectsOf(sql: Sql, actor: Actor): Promise<string[]> {
  const person = personOf(actor) ?? notFound("project");
  const isAdmin = (actor.kind === "person" || actor.kind === "key") && actor.admin;
  const rows = await sql<{ id: string }[]>`
    select p.id from projects p where p.deleted_at is null
      ${isAdmin ? sql`` : sql`and exists (select 1 from memberships m where m.project_id = p.id and m.person_id = ${person})`}
    order by p.updated_at desc limit 1000`;
  return rows.map((row) => row.id);
}
