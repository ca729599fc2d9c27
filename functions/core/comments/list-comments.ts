import { z } from "zod";
import { escapeLike } from "../assets/store.ts";
import type { Actor } from "../auth/actor.ts";
import { needOnVersion } from "../auth/rights.ts";
import { type Voice, voiceOf } from "../auth/voice.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import type { Sql } from "../db/db.ts";
import { notFound } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { Comment, commentQuery } from "./comment.ts";
import { composeComments } from "./compose.ts";
import { type CommentRow, commentRows, findComment } from "./store.ts";
import { findTarget } from "./target.ts";

type Query = z.output<typeof commentQuery>;

/** A page of a version's comments, replies among them, in the order asked for. */
export async function listComments(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  query: Query,
): Promise<{ items: Comment[]; nextCursor: string | null }> {
  const target = (await findTarget(sql, query.versionId)) ?? notFound("version");
  await needOnVersion(sql, actor, target, "watch");
  const { sort, cursor, limit } = query;
  const isPersonal = query.mine === "true" || query.mentioned === "true";
  const me = isPersonal ? await voiceOf(sql, actor) : undefined;
  const rows = await sql<CommentRow[]>`
    ${commentRows(sql)}
    where c.version_id = ${query.versionId} and c.deleted_at is null
      ${filterOf(sql, me, query)} ${placeFilter(sql, sort, cursor)}
    order by ${orderOf(sql, sort)} limit ${limit + 1}`;
  const { items, nextCursor } = pageOf(
    rows,
    limit,
    (row) => row,
    (row) => {
      const place = [row.createdAt.toISOString(), row.id];
      return sort === "frame" ? [row.frame, ...place] : place;
    },
  );
  return { items: await composeComments(sql, actor, items), nextCursor };
}

export async function readComment(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  id: string,
): Promise<{ comment: Comment; revision: number }> {
  const row = (await findComment(sql, id)) ?? notFound("comment");
  await needOnVersion(sql, actor, { id: row.versionId, projectId: row.projectId }, "watch");
  return commentAsLeft(sql, actor, id);
}

/** The comment for whoever just changed it. A key that may comment need not be one that may read. */
export async function commentAsLeft(
  sql: Sql,
  actor: Actor,
  id: string,
): Promise<{ comment: Comment; revision: number }> {
  const row = (await findComment(sql, id)) ?? notFound("comment");
  const [comment] = await composeComments(sql, actor, [row]);
  return { comment: comment ?? notFound("comment"), revision: row.revision };
}

const orderOf = (sql: Sql, sort: Query["sort"]) => {
  if (sort === "frame") return sql`c.frame, c.created_at, c.id`;
  return sort === "createdAt" ? sql`c.created_at, c.id` : sql`c.created_at desc, c.id desc`;
};

const placeFilter = (sql: Sql, sort: Query["sort"], cursor: string | undefined) => {
  if (cursor === undefined) return sql``;
  if (sort === "frame") {
    const [frame, at, id] = placeOf(cursor, [z.int(), timePlace, z.string()]) ?? [];
    return sql`and (c.frame, c.created_at, c.id) > (${frame ?? 0}, ${at ?? new Date(0)}, ${id ?? ""})`;
  }
  const [at, id] = placeOf(cursor, [timePlace, z.string()]) ?? [];
  const place = sql`(${at ?? new Date(0)}, ${id ?? ""})`;
  return sort === "createdAt"
    ? sql`and (c.created_at, c.id) > ${place}`
    : sql`and (c.created_at, c.id) < ${place}`;
};

/** A thread is open or resolved as a whole: its replies go with the comment that started it. */
function filterOf(sql: Sql, me: Voice | undefined, query: Query) {
  const { state, mine, mentioned, author, q } = query;
  const resolved = sql`(case when c.reply_to is null then c.resolved_at
    else (select root.resolved_at from comments root where root.id = c.reply_to) end)`;
  return sql`
    ${state === "open" ? sql`and ${resolved} is null` : state === "resolved" ? sql`and ${resolved} is not null` : sql``}
    ${mine === "true" && me ? (me.personId ? sql`and c.author_person_id = ${me.personId}` : sql`and c.author_guest_id = ${me.guestId}`) : sql``}
    ${mentioned === "true" && me ? sql`and ${me.personId ?? ""} = any(c.mentions)` : sql``}
    ${author ? sql`and (c.author_person_id = ${author} or lower(c.author_name) like ${`%${escapeLike(author.toLowerCase())}%`})` : sql``}
    ${q ? sql`and lower(c.text) like ${`%${escapeLike(q.toLowerCase())}%`}` : sql``}`;
}
