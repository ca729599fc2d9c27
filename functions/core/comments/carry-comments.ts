import { media } from "../assets/asset.ts";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need, needOnVersion } from "../auth/rights.ts";
import { inTransaction, json, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { emitAll } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { type FrameModel, frameModelOf, frameOffset } from "../timecode/timecode.ts";
import type { Comment } from "./comment.ts";
import { composeComments } from "./compose.ts";
import { eventOf } from "./create-comment.ts";
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
  const toVersion = (await findTarget(deps.sql, input.toVersionId)) ?? notFound("version");
  await needOnVersion(deps.sql, actor, from, "comment");
  await need(deps.sql, actor, toVersion.projectId, "edit", "version");
  if (from.assetId !== toVersion.assetId || from.id === toVersion.id)
    refuse("invalid", "Comments are carried between two versions of one asset.", {
      errors: [{ pointer: "/toVersionId", detail: "must be another version of the same asset" }],
    });
  const [fromModel, toModel] = await Promise.all([
    modelOf(deps.sql, from.id),
    modelOf(deps.sql, toVersion.id),
  ]);
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
    const to = { versionId: toVersion.id, move };
    const made = [
      ...(await copy(
        sql,
        open.filter((row) => row.replyTo === null),
        to,
      )),
      ...(await copy(
        sql,
        open.filter((row) => row.replyTo !== null),
        to,
      )),
    ];
    if (made.length === 0) return [];
    const rows = await sql<CommentRow[]>`${commentRows(sql)}
      where c.id = any(${made}) order by c.frame, c.created_at, c.id`;
    await emitAll(
      sql,
      rows.map((row) => ({ projectId: row.projectId, type: "comment.created", data: eventOf(row) })),
    );
    await audit(sql, actor, {
      projectId: toVersion.projectId,
      action: "comments.carried",
      subject: toVersion.id,
      detail: { fromVersionId: from.id, count: made.length },
    });
    return composeComments(sql, actor, rows);
  });
}

/** A reply follows its root: to the copy just made, or to one made before. Answers the new ids. */
async function copy(
  sql: Sql,
  rows: readonly CommentRow[],
  to: { versionId: string; move(frame: number): number },
): Promise<string[]> {
  const places = rows.map((row) => ({
    of: row.id,
    id: newId("comment"),
    frame: to.move(row.frame),
    endFrame: row.endFrame === null ? null : to.move(row.endFrame),
  }));
  const made = await sql<{ id: string }[]>`
    insert into comments (id, project_id, version_id, reply_to, frame, end_frame, text, drawing, mentions,
      author_person_id, author_share_id, author_guest_id, author_name, carried_from, edited_at, created_at)
    select place.id, c.project_id, ${to.versionId}, root.id, place.frame, place."endFrame", c.text, c.drawing,
      c.mentions, c.author_person_id, c.author_share_id, c.author_guest_id, c.author_name, c.id, c.edited_at, c.created_at
    from jsonb_to_recordset(${json(sql, places)}::jsonb) as place("of" text, id text, frame int, "endFrame" int)
    join comments c on c.id = place.of
    left join comments root on root.version_id = ${to.versionId} and root.carried_from = c.reply_to
      and root.deleted_at is null
    where c.reply_to is null or root.id is not null
    on conflict (version_id, carried_from) where carried_from is not null do nothing
    returning id`;
  return made.map((row) => row.id);
}

async function modelOf(sql: Sql, versionId: string): Promise<FrameModel | undefined> {
  const [row] = await sql<{ media: unknown }[]>`select media from versions where id = ${versionId}`;
  return row?.media ? frameModelOf(media.parse(row.media)) : undefined;
}
