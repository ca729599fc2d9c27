import type { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { needOnVersion } from "../auth/rights.ts";
import { voiceOf } from "../auth/voice.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { notify } from "../notices/store.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { Comment, createCommentInput } from "./comment.ts";
import { authorOf } from "./compose.ts";
import { commentAsLeft } from "./list-comments.ts";
import { type CommentRow, findComment, insertComment } from "./store.ts";
import { findTarget, refuseOutside } from "./target.ts";

/** Says something at a frame or a range. A reply to a reply joins the thread it belongs to. */
export async function createComment(
  deps: Pick<Resources, "sql">,
  actor: Actor,
  input: z.output<typeof createCommentInput>,
): Promise<{ comment: Comment; revision: number }> {
  const target = (await findTarget(deps.sql, input.versionId)) ?? notFound("version");
  await needOnVersion(deps.sql, actor, target, "comment");
  refuseOutside(target, input);
  const mentions = [...new Set(input.mentions ?? [])];
  await refuseStrangers(deps.sql, target.projectId, mentions);
  const voice = await voiceOf(deps.sql, actor);
  const id = await inTransaction(deps.sql, async (sql) => {
    const parent = input.replyTo ? await findComment(sql, input.replyTo) : undefined;
    if (input.replyTo && parent?.versionId !== target.id)
      refuse("invalid", "There is no such comment on this version.", {
        errors: [{ pointer: "/replyTo", detail: "is no comment of this version" }],
      });
    const made = await insertComment(sql, {
      projectId: target.projectId,
      versionId: target.id,
      replyTo: parent ? (parent.replyTo ?? parent.id) : null,
      frame: input.frame,
      endFrame: input.endFrame ?? null,
      text: input.text,
      drawing: input.drawing ?? null,
      mentions,
      voice,
    });
    const row = (await findComment(sql, made)) as CommentRow;
    await emit(sql, { projectId: target.projectId, type: "comment.created", data: eventOf(row) });
    await tellPeople(sql, row, voice.personId, []);
    await audit(sql, actor, {
      projectId: target.projectId,
      action: "comment.created",
      subject: made,
      detail: { versionId: target.id, frame: input.frame },
    });
    return made;
  });
  return commentAsLeft(deps.sql, actor, id);
}

/** What webhooks and pages hear of a comment. Drawings may be large, so they are fetched. */
export function eventOf(row: CommentRow): Record<string, unknown> {
  return {
    commentId: row.id,
    versionId: row.versionId,
    assetId: row.assetId,
    replyTo: row.replyTo,
    frame: row.frame,
    endFrame: row.endFrame,
    text: row.text,
    author: authorOf(row),
    mentions: row.mentions,
    carriedFrom: row.carriedFrom,
    hasDrawing: row.drawing !== null,
    resolvedAt: row.resolvedAt?.toISOString() ?? null,
  };
}

/** Who is mentioned gets a notice; who wrote in the thread before, one of the reply. */
export async function tellPeople(
  sql: Sql,
  row: CommentRow,
  writer: string | null,
  before: readonly string[],
): Promise<void> {
  const notice = {
    projectId: row.projectId,
    assetId: row.assetId,
    versionId: row.versionId,
    commentId: row.id,
    actorName: row.authorName,
    text: row.text,
  };
  const mentioned = row.mentions.filter((id) => !before.includes(id));
  await notify(sql, mentioned, writer, { ...notice, kind: "mention" });
  if (row.replyTo === null || before.length > 0 || row.editedAt) return;
  const thread = await sql<{ id: string }[]>`
    select distinct author_person_id as id from comments
    where (id = ${row.replyTo} or reply_to = ${row.replyTo}) and author_person_id is not null and deleted_at is null`;
  const others = thread.map(({ id }) => id).filter((id) => !row.mentions.includes(id));
  await notify(sql, others, writer, { ...notice, kind: "reply" });
}

/** Only members can be mentioned; who is none reads like who does not exist. */
export async function refuseStrangers(sql: Sql, projectId: string, mentions: string[]): Promise<void> {
  if (mentions.length === 0) return;
  const rows = await sql<{ id: string }[]>`
    select p.id from people p where p.id = any(${mentions}) and (p.deployment_role = 'admin' or exists (
      select 1 from memberships m where m.project_id = ${projectId} and m.person_id = p.id))`;
  const known = new Set(rows.map((row) => row.id));
  const strangers = mentions.filter((id) => !known.has(id));
  if (strangers.length > 0)
    refuse("invalid", "Only members of the project can be mentioned.", {
      errors: strangers.map((id) => ({
        pointer: `/mentions/${mentions.indexOf(id)}`,
        detail: "is no member of this project",
      })),
    });
}
