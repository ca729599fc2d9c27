import { z } from "zod";
import { escapeLike } from "../assets/store.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import type { Resources } from "../resources.ts";
import { id } from "../shape.ts";

export const searchQuery = z.object({
  projectId: id("project"),
  q: z.string().trim().min(1).max(200),
  limit: z.coerce.number().int().min(1).max(50).default(10),
});

export const found = z.object({
  assets: z.array(z.object({ id: id("asset"), name: z.string(), folderId: id("folder").nullable() })),
  folders: z.array(z.object({ id: id("folder"), name: z.string(), parentId: id("folder").nullable() })),
  comments: z.array(
    z.object({
      id: id("comment"),
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
  { projectId, q, limit }: z.output<typeof searchQuery>,
): Promise<Found> {
  await need(sql, actor, projectId, "watch");
  const part = `%${escapeLike(q.toLowerCase())}%`;
  const start = `${escapeLike(q.toLowerCase())}%`;
  const [assets, folders, comments, people] = await Promise.all([
    sql<Found["assets"]>`
      select id, name, "folderId" from (
        select id, name, folder_id as "folderId", updated_at from assets
        where project_id = ${projectId} and deleted_at is null and lower(name) like ${part}
        order by updated_at desc, id desc limit ${CANDIDATES}) as recent
      order by lower(name) like ${start} desc, updated_at desc, id desc limit ${limit}`,
    sql<Found["folders"]>`
      select id, name, parent_id as "parentId" from folders
      where project_id = ${projectId} and lower(name) like ${part}
      order by lower(name) like ${start} desc, lower(name), id limit ${limit}`,
    sql<Found["comments"]>`
      select c.id, c.version_id as "versionId", a.id as "assetId", a.name as "assetName", c.frame,
        c.author_name as "authorName", left(c.text, 280) as text
      from comments c join versions v on v.id = c.version_id and v.deleted_at is null
      join assets a on a.id = v.asset_id and a.deleted_at is null
      where c.project_id = ${projectId} and c.deleted_at is null
        and lower(c.text) like ${part}
      order by c.created_at desc, c.id desc limit ${limit}`,
    sql<Found["people"]>`
      select p.id, p.name, p.email from people p join memberships m on m.person_id = p.id
      where m.project_id = ${projectId} and (lower(p.name) like ${part} or p.email like ${start})
      order by lower(p.name), p.id limit ${limit}`,
  ]);
  return {
    assets: assets.map((row) => ({ id: row.id, name: row.name, folderId: row.folderId })),
    folders: folders.map((row) => ({ id: row.id, name: row.name, parentId: row.parentId })),
    comments: comments.map((row) => ({
      id: row.id,
      versionId: row.versionId,
      assetId: row.assetId,
      assetName: row.assetName,
      frame: row.frame,
      authorName: row.authorName,
      text: row.text,
    })),
    people: people.map((row) => ({ id: row.id, name: row.name, email: row.email })),
  };
}
