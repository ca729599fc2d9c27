import type { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { atLeast, needOnVersion } from "../auth/rights.ts";
import { type Voice, voiceOf } from "../auth/voice.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { type EventType, emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { removeObject } from "../storage/remove.ts";
import type { Comment, reactionInput, updateCommentInput } from "./comment.ts";
import { isOwn } from "./compose.ts";
import { eventOf, refuseStrangers, tellPeople } from "./create-comment.ts";
import { commentAsLeft } from "./list-comments.ts";
import {
  type CommentRow,
  deleteCommentRows,
  filesUnder,
  findComment,
  markOf,
  setResolved,
  updateCommentRow,
} from "./store.ts";
import { findTarget, refuseOutside } from "./target.ts";

type Deps = Pick<Resources, "sql">;
type Answer = Promise<{ comment: Comment; revision: number }>;

/** The comment, for whoever may take part in the talk about its version. */
export async function needComment(
  { sql }: Deps,
  actor: Actor,
  id: string,
): Promise<{ row: CommentRow; voice: Voice; rank: Awaited<ReturnType<typeof needOnVersion>> }> {
  const row = (await findComment(sql, id)) ?? notFound("comment");
  const rank = await needOnVersion(sql, actor, { id: row.versionId, projectId: row.projectId }, "comment");
  return { row, rank, voice: await voiceOf(sql, actor) };
}

async function tell(sql: Sql, actor: Actor, id: string, type: EventType, action: string): Promise<void> {
  const row = (await findComment(sql, id)) as CommentRow;
  await emit(sql, { projectId: row.projectId, type, data: eventOf(row) });
  await audit(sql, actor, { projectId: row.projectId, action, subject: id });
}

/** Changes what was said. Only who said it may. */
export async function updateComment(
  deps: Deps,
  actor: Actor,
  id: string,
  input: z.output<typeof updateCommentInput>,
  revision: number | undefined,
): Answer {
  const { row, voice } = await needComment(deps, actor, id);
  if (!isOwn(voice, row)) refuse("forbidden", "Only its author can change a comment.");
  const fields = {
    text: input.text ?? row.text,
    frame: input.frame ?? row.frame,
    endFrame: input.endFrame === undefined ? row.endFrame : input.endFrame,
    drawing: input.drawing === undefined ? row.drawing : input.drawing,
    mentions: input.mentions ? [...new Set(input.mentions)] : row.mentions,
  };
  if (fields.endFrame !== null && fields.endFrame < fields.frame)
    refuse("invalid", "A range cannot end before it starts.", {
      errors: [{ pointer: "/endFrame", detail: "must not be before frame" }],
    });
  if (input.frame !== undefined || input.endFrame)
    refuseOutside((await findTarget(deps.sql, row.versionId)) ?? notFound("comment"), fields);
  if (input.mentions) await refuseStrangers(deps.sql, row.projectId, fields.mentions);
  await inTransaction(deps.sql, async (sql) => {
    if (!(await updateCommentRow(sql, id, revision, fields)))
      refuse("stale", "This comment was changed since you read it.");
    await tellPeople(sql, { ...row, ...fields, editedAt: new Date() }, voice.personId, row.mentions);
    await tell(sql, actor, id, "comment.updated", "comment.updated");
  });
  return commentAsLeft(deps.sql, actor, id);
}

/** Removes a comment, the replies to it and their files: one's own, or anybody's as a manager. */
export async function deleteComment(
  deps: Deps & Pick<Resources, "custodian">,
  actor: Actor,
  id: string,
  revision: number | undefined,
): Promise<void> {
  const { row, voice, rank } = await needComment(deps, actor, id);
  const isManager = rank !== "guest" && atLeast(rank, "manager");
  if (!isManager && !isOwn(voice, row))
    refuse("forbidden", "Only its author or a manager can delete a comment.");
  await inTransaction(deps.sql, async (sql) => {
    if (!(await deleteCommentRows(sql, id, revision)))
      refuse("stale", "This comment was changed since you read it.");
    const { versionId, assetId, replyTo } = row;
    await emit(sql, {
      projectId: row.projectId,
      type: "comment.deleted",
      data: { commentId: id, versionId, assetId, replyTo },
    });
    await audit(sql, actor, { projectId: row.projectId, action: "comment.deleted", subject: id });
  });
  const { custodian } = deps;
  // The comment is gone either way; a file that stays behind is out of everybody's reach.
  for (const key of await filesUnder(deps.sql, id))
    await removeObject(custodian, { bucket: custodian.buckets.docs, key }).catch(() => {});
}

/** Ends a thread, or opens it again: one's own, or anybody's as an editor. */
export async function resolveComment(deps: Deps, actor: Actor, id: string, resolved: boolean): Answer {
  const { row, voice, rank } = await needComment(deps, actor, id);
  if (row.replyTo) refuse("illegal-state", `A thread is resolved at its first comment, ${row.replyTo}.`);
  const isEditor = rank !== "guest" && atLeast(rank, "editor");
  if (!isEditor && !isOwn(voice, row))
    refuse("forbidden", "Only its author or an editor can resolve a comment.");
  await inTransaction(deps.sql, async (sql) => {
    if (!(await setResolved(sql, id, resolved ? voice.name : null))) return;
    await tell(
      sql,
      actor,
      id,
      resolved ? "comment.resolved" : "comment.updated",
      resolved ? "comment.resolved" : "comment.reopened",
    );
  });
  return commentAsLeft(deps.sql, actor, id);
}

const MAX_EMOJIS = 20;

/** Adds or takes back a reaction of one's own. */
export async function reactToComment(
  deps: Deps,
  actor: Actor,
  id: string,
  { emoji, on }: z.output<typeof reactionInput>,
): Answer {
  const { voice } = await needComment(deps, actor, id);
  const mark = markOf(voice);
  await inTransaction(deps.sql, async (sql) => {
    const rows = on
      ? await sql`
          insert into comment_reactions (comment_id, emoji, actor, name) values (${id}, ${emoji}, ${mark}, ${voice.name})
          on conflict do nothing returning 1`
      : await sql`
          delete from comment_reactions where comment_id = ${id} and emoji = ${emoji} and actor = ${mark} returning 1`;
    if (rows.length === 0) return;
    const [count] = await sql<{ kinds: number }[]>`
      select count(distinct emoji)::int as kinds from comment_reactions where comment_id = ${id}`;
    if (on && (count?.kinds ?? 0) > MAX_EMOJIS)
      refuse("conflict", `A comment has at most ${MAX_EMOJIS} different reactions.`);
    const row = (await findComment(sql, id)) as CommentRow;
    await emit(sql, { projectId: row.projectId, type: "comment.updated", data: eventOf(row) });
  });
  return commentAsLeft(deps.sql, actor, id);
}
