import {
  finishAttachment,
  openAttachment,
  removeAttachment,
  signAttachment,
} from "#core/comments/attachments.ts";
import { carryComments } from "#core/comments/carry-comments.ts";
import {
  deleteComment,
  reactToComment,
  resolveComment,
  updateComment,
} from "#core/comments/change-comment.ts";
import {
  attachmentInput,
  carryInput,
  commentQuery,
  createCommentInput,
  reactionInput,
  resolveCommentInput,
  updateCommentInput,
} from "#core/comments/comment.ts";
import { createComment } from "#core/comments/create-comment.ts";
import { listComments, readComment } from "#core/comments/list-comments.ts";
import { attachment as dispositionOf } from "#core/custody/safe-name.ts";
import { exportComments } from "#core/exports/export-comments.ts";
import { exportQuery } from "#core/exports/format.ts";
import type { Resources } from "#core/resources.ts";
import { id } from "#core/shape.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { answer, changed, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";

/** What is said at a frame of a version. */
export function commentsApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.get("/comments", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listComments(deps, actor, parseQuery(c, commentQuery)));
  });

  app.post("/comments", async (c) => {
    const actor = await c.get("actors").need();
    const { comment, revision } = await createComment(deps, actor, await parseBody(c, createCommentInput));
    c.header("Location", `${deps.config.PUBLIC_API_BASE}/comments/${comment.id}`);
    return changed(c, comment, revision, 201);
  });

  app.post("/comments/carry", async (c) => {
    const actor = await c.get("actors").need();
    const items = await carryComments(deps, actor, await parseBody(c, carryInput));
    return c.json({ items, nextCursor: null }, 201);
  });

  app.get("/comments/export", async (c) => {
    const actor = await c.get("actors").need();
    const { body, type, fileName } = await exportComments(deps, actor, parseQuery(c, exportQuery));
    return c.body(typeof body === "string" ? body : new Uint8Array(body), 200, {
      "Content-Type": type,
      "Content-Disposition": dispositionOf(fileName),
    });
  });

  app.get("/comments/:id", async (c) => {
    const actor = await c.get("actors").need();
    const { comment, revision } = await readComment(deps, actor, parseParam(c, "id", id("comment")));
    return answer(c, comment, revision);
  });

  app.patch("/comments/:id", async (c) => {
    const actor = await c.get("actors").need();
    const commentId = parseParam(c, "id", id("comment"));
    const input = await parseBody(c, updateCommentInput);
    const { comment, revision } = await updateComment(deps, actor, commentId, input, expectedRevision(c));
    return changed(c, comment, revision);
  });

  app.delete("/comments/:id", async (c) => {
    const actor = await c.get("actors").need();
    await deleteComment(deps, actor, parseParam(c, "id", id("comment")), expectedRevision(c));
    return c.body(null, 204);
  });

  app.post("/comments/:id/resolve", async (c) => {
    const actor = await c.get("actors").need();
    const commentId = parseParam(c, "id", id("comment"));
    const { resolved } = await parseBody(c, resolveCommentInput);
    const { comment, revision } = await resolveComment(deps, actor, commentId, resolved);
    return changed(c, comment, revision);
  });

  app.post("/comments/:id/reactions", async (c) => {
    const actor = await c.get("actors").need();
    const commentId = parseParam(c, "id", id("comment"));
    const { comment, revision } = await reactToComment(
      deps,
      actor,
      commentId,
      await parseBody(c, reactionInput),
    );
    return changed(c, comment, revision);
  });

  app.post("/comments/:id/attachments", async (c) => {
    const actor = await c.get("actors").need();
    const commentId = parseParam(c, "id", id("comment"));
    return c.json(await openAttachment(deps, actor, commentId, await parseBody(c, attachmentInput)), 201);
  });

  app.get("/attachments/:id", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await signAttachment(deps, actor, parseParam(c, "id", id("attachment"))));
  });

  app.post("/attachments/:id/finish", async (c) => {
    const actor = await c.get("actors").need();
    const attachmentId = parseParam(c, "id", id("attachment"));
    const { comment, revision } = await finishAttachment(deps, actor, attachmentId);
    return changed(c, comment, revision);
  });

  app.post("/attachments/:id/remove", async (c) => {
    const actor = await c.get("actors").need();
    const attachmentId = parseParam(c, "id", id("attachment"));
    const { comment, revision } = await removeAttachment(deps, actor, attachmentId);
    return changed(c, comment, revision);
  });

  return app;
}
