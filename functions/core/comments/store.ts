import type { Voice } from "../auth/voice.ts";
import { json, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import type { Comment, Drawing } from "./comment.ts";

export interface CommentRow {
  id: string;
  versionId: string;
  projectId: string;
  assetId: string;
  replyTo: string | null;
  frame: number;
  endFrame: number | null;
  text: string;
  drawing: Drawing | null;
  mentions: string[];
  personId: string | null;
  shareId: string | null;
  guestId: string | null;
  authorName: string;
  carriedFrom: string | null;
  resolvedAt: Date | null;
  resolvedBy: string | null;
  editedAt: Date | null;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

export const commentRows = (sql: Sql) => sql`
  select c.id, c.version_id as "versionId", c.project_id as "projectId", v.asset_id as "assetId",
    c.reply_to as "replyTo", c.frame, c.end_frame as "endFrame", c.text, c.drawing, c.mentions,
    c.author_person_id as "personId", c.author_share_id as "shareId", c.author_guest_id as "guestId",
    c.author_name as "authorName", c.carried_from as "carriedFrom", c.resolved_at as "resolvedAt",
    c.resolved_by_name as "resolvedBy", c.edited_at as "editedAt", c.revision,
    c.created_at as "createdAt", c.updated_at as "updatedAt"
  from comments c
  join versions v on v.id = c.version_id and v.deleted_at is null`;

export async function findComment(sql: Sql, id: string): Promise<CommentRow | undefined> {
  const [row] = await sql<CommentRow[]>`${commentRows(sql)}
    join assets a on a.id = v.asset_id and a.deleted_at is null
    where c.id = ${id} and c.deleted_at is null`;
  return row;
}

export async function insertComment(
  sql: Sql,
  comment: {
    projectId: string;
    versionId: string;
    replyTo: string | null;
    frame: number;
    endFrame: number | null;
    text: string;
    drawing: Drawing | null;
    mentions: string[];
    voice: Voice;
  },
): Promise<string> {
  const id = newId("comment");
  const { voice } = comment;
  await sql`
    insert into comments (id, project_id, version_id, reply_to, frame, end_frame, text, drawing, mentions,
      author_person_id, author_share_id, author_guest_id, author_name)
    values (${id}, ${comment.projectId}, ${comment.versionId}, ${comment.replyTo}, ${comment.frame},
      ${comment.endFrame}, ${comment.text}, ${comment.drawing ? json(sql, comment.drawing) : null},
      ${comment.mentions}, ${voice.personId}, ${voice.shareId}, ${voice.guestId}, ${voice.name})`;
  return id;
}

/** False when someone changed or deleted it since `revision`. */
export async function updateCommentRow(
  sql: Sql,
  id: string,
  revision: number | undefined,
  fields: Pick<CommentRow, "text" | "frame" | "endFrame" | "drawing" | "mentions">,
): Promise<boolean> {
  const rows = await sql`
    update comments set text = ${fields.text}, frame = ${fields.frame}, end_frame = ${fields.endFrame},
      drawing = ${fields.drawing ? json(sql, fields.drawing) : null}, mentions = ${fields.mentions},
      edited_at = now(), updated_at = now(), revision = revision + 1
    where id = ${id} and deleted_at is null ${revision === undefined ? sql`` : sql`and revision = ${revision}`}
    returning 1`;
  return rows.length === 1;
}

/** The comment and, when it starts a thread, its replies. */
export async function deleteCommentRows(
  sql: Sql,
  id: string,
  revision: number | undefined,
): Promise<boolean> {
  const rows = await sql`
    update comments set deleted_at = now(), updated_at = now(), revision = revision + 1
    where id = ${id} and deleted_at is null ${revision === undefined ? sql`` : sql`and revision = ${revision}`}
    returning 1`;
  if (rows.length === 0) return false;
  await sql`update comments set deleted_at = now(), updated_at = now(), revision = revision + 1
    where reply_to = ${id} and deleted_at is null`;
  return true;
}

/** Where the files of a comment and of its replies lie. */
export async function filesUnder(sql: Sql, id: string): Promise<string[]> {
  const rows = await sql<{ key: string }[]>`
    select f.storage_key as key from comment_attachments f join comments c on c.id = f.comment_id
    where c.id = ${id} or c.reply_to = ${id}`;
  return rows.map((row) => row.key);
}

/** True when this changed something. */
export async function setResolved(sql: Sql, id: string, by: string | null): Promise<boolean> {
  const rows = await sql`
    update comments set resolved_at = ${by === null ? null : sql`now()`}, resolved_by_name = ${by},
      updated_at = now(), revision = revision + 1
    where id = ${id} and deleted_at is null and (resolved_at is null) = ${by !== null}
    returning 1`;
  return rows.length === 1;
}

export interface Reaction {
  commentId: string;
  emoji: string;
  names: string[];
  actors: string[];
}

/** What hangs on the given comments, in two queries for any number of them. */
export async function loadExtras(
  sql: Sql,
  ids: readonly string[],
): Promise<{ reactions: Map<string, Reaction[]>; attachments: Map<string, Comment["attachments"]> }> {
  const reactions = new Map<string, Reaction[]>();
  const attachments = new Map<string, Comment["attachments"]>();
  if (ids.length === 0) return { reactions, attachments };
  const wanted = ids as string[];
  for (const row of await sql<Reaction[]>`
    select comment_id as "commentId", emoji, array_agg(name order by at) as names, array_agg(actor order by at) as actors
    from comment_reactions where comment_id = any(${wanted}) group by comment_id, emoji order by min(at)`)
    reactions.set(row.commentId, [...(reactions.get(row.commentId) ?? []), row]);
  for (const { commentId, ...row } of await sql<(Comment["attachments"][number] & { commentId: string })[]>`
    select comment_id as "commentId", id, name, bytes, content_type as "contentType"
    from comment_attachments where comment_id = any(${wanted}) and received_at is not null order by id`)
    attachments.set(commentId, [...(attachments.get(commentId) ?? []), row]);
  return { reactions, attachments };
}

/** How one actor is told from others where the same deed counts once. */
export function markOf(voice: Voice): string {
  return voice.personId ?? `${voice.shareId}:${voice.guestId}:${voice.name}`;
}
