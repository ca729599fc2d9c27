import type { Actor } from "../auth/actor.ts";
import { type Voice, voiceOf } from "../auth/voice.ts";
import type { Sql } from "../db/db.ts";
import type { Comment } from "./comment.ts";
import { type CommentRow, loadExtras, markOf } from "./store.ts";

/** Rows as the wire has them, with reactions and attachments. */
export async function composeComments(
  sql: Sql,
  actor: Actor,
  rows: readonly CommentRow[],
): Promise<Comment[]> {
  const { reactions, attachments } = await loadExtras(
    sql,
    rows.map((row) => row.id),
  );
  const me = actor.kind === "system" ? undefined : markOf(await voiceOf(sql, actor));
  return rows.map((row) => ({
    id: row.id,
    versionId: row.versionId,
    projectId: row.projectId,
    replyTo: row.replyTo,
    frame: row.frame,
    endFrame: row.endFrame,
    text: row.text,
    drawing: row.drawing,
    mentions: row.mentions,
    author: authorOf(row),
    reactions: (reactions.get(row.id) ?? []).map(({ emoji, names, actors }) => ({
      emoji,
      count: names.length,
      names,
      mine: me !== undefined && actors.includes(me),
    })),
    attachments: attachments.get(row.id) ?? [],
    carriedFrom: row.carriedFrom,
    resolvedAt: row.resolvedAt?.toISOString() ?? null,
    resolvedBy: row.resolvedBy,
    editedAt: row.editedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    etag: `"${row.revision}.${row.id.slice(4)}"`,
  }));
}

export function authorOf(row: CommentRow): Comment["author"] {
  return row.personId
    ? { kind: "person", id: row.personId, name: row.authorName }
    : { kind: "guest", id: row.guestId ?? row.shareId, name: row.authorName };
}

/**
 * Whether the asker wrote it. Guests without a visit of their own share the link's name, so nobody of them owns
 * what another wrote.
 */
export function isOwn(voice: Voice, row: CommentRow): boolean {
  if (voice.personId) return voice.personId === row.personId;
  return (
    row.guestId !== null &&
    voice.guestId === row.guestId &&
    voice.shareId === row.shareId &&
    row.guestId !== row.shareId
  );
}
