import { media } from "../assets/asset.ts";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need, needOnVersion } from "../auth/rights.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { type FrameModel, frameModelOf, frameOffset } from "../timecode/timecode.ts";
import type { Comment } from "./comment.ts";
import { composeComments } from "./compose.ts";
import { type CommentRow, commentRows } from "./store.ts";
import { findTarget } from "./target.ts";

/**
 * Copies the open threads of an older version to a newer one of the same asset, at the frames with the same
 * timecode. What was carried before is left alone, so asking again adds only what is new.
 */
export async function carryComments(
  deps: Pick<Resources, "sql">,
  actor: Actor,
  input: { fromVersionId: string; toVersionId: string },
): Promise<Comment[]> {
  const from = (await findTarget(deps.sql, input.fromVersionId)) ?? notFound("version");
  const to = (await findTarget(deps.sql, input.toVersionId)) ?? notFound("version");
  await needOnVersion(deps.sql, actor, from, "comment");
  await need(deps.sql, actor, to.projectId, "edit", "version");
  if (from.assetId !== to.assetId || from.id === to.id)
    refuse("invalid", "Comments are carried between two versions of one asset.", {
      errors: [{ pointer: "/toVersionId", detail: "must be another version of the same asset" }],
    });
  const [fromModel, toModel] = await Promise.all([modelOf(deps.sql, from.id), modelOf(deps.sql, to.id)]);
  if (!fromModel || !toModel)
    refuse(
      "illegal-state",
      "The frames of both versions must be counted first. Carry once both are playable.",
    );
  return inTransaction(deps.sql, async (sql) => {
    const open = await sql<CommentRow[]>`${commentRows(sql)}
      where c.version_id = ${from.id} and c.deleted_at is null and (
        (c.reply_to is null and c.resolved_at is null)
        or exists (select 1 from comments root where root.id = c.reply_to and root.resolved_at is null
                   and root.deleted_at is null))
      order by c.reply_to nulls first, c.created_at, c.id`;
    const offset = frameOffset(fromModel, toModel);
    const move = (frame: number) => Math.min(Math.max(0, frame + offset), toModel.frames - 1);
    const made = new Map<string, string>();
    for (const row of open) {
      const id = await carry(sql, row, { id: newId("comment"), versionId: to.id, made, move });
      if (id) made.set(row.id, id);
    }
    if (made.size === 0) return [];
    const ids = [...made.values()];
    await emit(sql, {
      projectId: to.projectId,
      type: "comment.created",
      data: { versionId: to.id, assetId: to.assetId, carriedFrom: from.id, commentIds: ids.slice(0, 200) },
    });
    await audit(sql, actor, {
      projectId: to.projectId,
      action: "comments.carried",
      subject: to.id,
      detail: { fromVersionId: from.id, count: ids.length },
    });
    const rows = await sql<CommentRow[]>`${commentRows(sql)}
      where c.id = any(${ids}) order by c.frame, c.created_at, c.id`;
    return composeComments(sql, actor, rows);
  });
}

async function carry(
  sql: Sql,
  row: CommentRow,
  to: { id: string; versionId: string; made: Map<string, string>; move(frame: number): number },
): Promise<string | undefined> {
  const parent = row.replyTo ? (to.made.get(row.replyTo) ?? (await carriedAs(sql, row.replyTo, to))) : null;
  if (parent === undefined) return undefined;
  const [made] = await sql<{ id: string }[]>`
    insert into comments (id, project_id, version_id, reply_to, frame, end_frame, text, drawing, mentions,
      author_person_id, author_share_id, author_guest_id, author_name, carried_from, edited_at, created_at)
    select ${to.id}, project_id, ${to.versionId}, ${parent}, ${to.move(row.frame)},
      ${row.endFrame === null ? null : to.move(row.endFrame)}, text, drawing, mentions,
      author_person_id, author_share_id, author_guest_id, author_name, id, edited_at, created_at
    from comments where id = ${row.id}
    on conflict (version_id, carried_from) where carried_from is not null do nothing returning id`;
  return made?.id;
}

async function carriedAs(sql: Sql, id: string, to: { versionId: string }): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    select id from comments where version_id = ${to.versionId} and carried_from = ${id} and deleted_at is null`;
  return row?.id;
}

async function modelOf(sql: Sql, versionId: string): Promise<FrameModel | undefined> {
  const [row] = await sql<{ media: unknown }[]>`select media from versions where id = ${versionId}`;
  return row?.media ? frameModelOf(media.parse(row.media)) : undefined;
}
