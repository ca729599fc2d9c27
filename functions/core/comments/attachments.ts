import type { z } from "zod";
import { scanByClamd } from "../assets/scan-clamd.ts";
import { scanByHttp } from "../assets/scan-http.ts";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { needOnVersion } from "../auth/rights.ts";
import { attachment as dispositionOf } from "../custody/safe-name.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { copySmall } from "../storage/copy-small.ts";
import { headObject } from "../storage/read.ts";
import { readAhead } from "../storage/read-ahead.ts";
import { removeObject } from "../storage/remove.ts";
import { signUrl } from "../storage/sign.ts";
import { signPut } from "../uploads/open-upload.ts";
import { needComment } from "./change-comment.ts";
import type { attachmentInput, Comment, openedAttachment } from "./comment.ts";
import { isOwn } from "./compose.ts";
import { eventOf } from "./create-comment.ts";
import { commentAsLeft } from "./list-comments.ts";
import { type CommentRow, findComment } from "./store.ts";

const MAX_PER_COMMENT = 10;
const URL_SECONDS = 900;
const SCAN_DEADLINE_MS = 20_000;
/** What a browser may show by itself. Everything else is handed over as bytes, whatever it calls itself. */
const shown =
  /^(image\/(png|jpeg|gif|webp|avif)|video\/mp4|audio\/(mpeg|mp4|wav)|application\/pdf|text\/plain)$/;

interface Row {
  id: string;
  commentId: string;
  name: string;
  contentType: string;
  bytes: number;
  key: string;
  isReceived: boolean;
}

async function findAttachment(sql: Sql, id: string): Promise<Row | undefined> {
  const [row] = await sql<Row[]>`
    select id, comment_id as "commentId", name, content_type as "contentType", bytes, storage_key as key,
      received_at is not null as "isReceived" from comment_attachments where id = ${id}`;
  return row;
}

const stagedKey = (id: string) => `uploads/${id}`;

/** Room for a file beside one's own comment, and the one request that may put it there. */
export async function openAttachment(
  deps: Pick<Resources, "sql" | "presigner">,
  actor: Actor,
  commentId: string,
  input: z.output<typeof attachmentInput>,
): Promise<z.output<typeof openedAttachment>> {
  const { row, voice } = await needComment(deps, actor, commentId);
  if (!isOwn(voice, row)) refuse("forbidden", "Only its author can add files to a comment.");
  const id = newId("attachment");
  await inTransaction(deps.sql, async (sql) => {
    await sql`select 1 from comments where id = ${commentId} for no key update`;
    // What never arrived must not use up the room for ever.
    await sql`delete from comment_attachments where comment_id = ${commentId} and received_at is null
      and created_at < now() - ${`${2 * URL_SECONDS} seconds`}::interval`;
    const [count] = await sql<{ n: number }[]>`
      select count(*)::int as n from comment_attachments where comment_id = ${commentId}`;
    if ((count?.n ?? 0) >= MAX_PER_COMMENT)
      refuse("conflict", `A comment has at most ${MAX_PER_COMMENT} files.`);
    await sql`insert into comment_attachments (id, comment_id, name, content_type, bytes, storage_key)
      values (${id}, ${commentId}, ${input.name}, ${input.contentType}, ${input.bytes}, ${`attachments/${id}`})`;
  });
  return {
    attachment: { id, name: input.name, bytes: input.bytes, contentType: input.contentType },
    put: await signPut(deps.presigner, { storageKey: stagedKey(id), ...input }),
    expiresAt: new Date(Date.now() + URL_SECONDS * 1000).toISOString(),
  };
}

async function needOwn(deps: Pick<Resources, "sql">, actor: Actor, id: string): Promise<Row> {
  const file = (await findAttachment(deps.sql, id)) ?? notFound("attachment");
  const { row, voice } = await needComment(deps, actor, file.commentId);
  if (!isOwn(voice, row)) refuse("forbidden", "Only the author of the comment can do this.");
  return file;
}

/** The bytes have arrived: takes them from staging and shows the file. Repeating it changes nothing. */
export async function finishAttachment(
  deps: Pick<Resources, "sql" | "promoter" | "config">,
  actor: Actor,
  id: string,
): Promise<{ comment: Comment; revision: number }> {
  const { promoter } = deps;
  const file = await needOwn(deps, actor, id);
  if (!file.isReceived) {
    const staged = { bucket: promoter.buckets.staging, key: stagedKey(id) };
    const head = await headObject(promoter, staged);
    if (!head)
      refuse("upload-incomplete", "The file has not arrived. Send it to the address you were given.");
    if (head.bytes !== file.bytes)
      refuse(
        "upload-incomplete",
        `${head.bytes} bytes arrived instead of ${file.bytes}. Send the file again.`,
      );
    const found = await scan(deps, file, { ...staged, etag: head.etag });
    if (found) {
      await removeObject(promoter, staged);
      refuse("infected", `The scanner found ${found} in ${file.name}.`);
    }
    await copySmall(promoter, {
      from: { ...staged, etag: head.etag },
      to: { bucket: promoter.buckets.docs, key: file.key },
      contentType: shown.test(file.contentType) ? file.contentType : "application/octet-stream",
    });
    await inTransaction(deps.sql, async (sql) => {
      const rows = await sql`
        update comment_attachments set received_at = now() where id = ${id} and received_at is null returning 1`;
      if (rows.length === 1) await tell(sql, actor, file, "attachment.added");
    });
    // What stays behind when this fails expires with the bucket's rule.
    await removeObject(promoter, staged).catch(() => {});
  }
  return commentAsLeft(deps.sql, actor, file.commentId);
}

/** What the scanner that `AV_SCAN` names finds; undefined when it is clean, or nobody scans here. */
async function scan(
  { promoter, config }: Pick<Resources, "promoter" | "config">,
  file: Row,
  staged: { bucket: string; key: string; etag: string },
): Promise<string | undefined> {
  if (!config.AV_SCAN) return undefined;
  const scanner = new URL(config.AV_SCAN);
  const ask = scanner.protocol === "clamd:" ? scanByClamd : scanByHttp;
  const { found } = await ask(scanner, readAhead(promoter, staged, file.bytes), {
    bytes: file.bytes,
    name: file.name,
    id: file.id,
    signal: AbortSignal.timeout(SCAN_DEADLINE_MS),
  });
  return found;
}

/** Takes a file away from one's own comment. */
export async function removeAttachment(
  deps: Pick<Resources, "sql" | "custodian">,
  actor: Actor,
  id: string,
): Promise<{ comment: Comment; revision: number }> {
  const file = await needOwn(deps, actor, id);
  await inTransaction(deps.sql, async (sql) => {
    const rows = await sql`delete from comment_attachments where id = ${id} returning 1`;
    if (rows.length === 1) await tell(sql, actor, file, "attachment.removed");
  });
  const { custodian } = deps;
  await removeObject(custodian, { bucket: custodian.buckets.docs, key: file.key });
  return commentAsLeft(deps.sql, actor, file.commentId);
}

async function tell(sql: Sql, actor: Actor, file: Row, action: string): Promise<void> {
  const row = (await findComment(sql, file.commentId)) as CommentRow;
  await emit(sql, { projectId: row.projectId, type: "comment.updated", data: eventOf(row) });
  await audit(sql, actor, {
    projectId: row.projectId,
    action,
    subject: file.commentId,
    detail: { attachmentId: file.id, name: file.name, bytes: file.bytes },
  });
}

/** A short-lived URL of a file, for whoever may read the comment. */
export async function signAttachment(
  deps: Pick<Resources, "sql" | "promoter">,
  actor: Actor,
  id: string,
): Promise<{ url: string; expiresAt: string }> {
  const { sql, promoter } = deps;
  const file = await findAttachment(sql, id);
  const row = file && (await findComment(sql, file.commentId));
  if (!file || !row) notFound("attachment");
  await needOnVersion(sql, actor, { id: row.versionId, projectId: row.projectId }, "watch");
  if (!file.isReceived) notFound("attachment");
  const isShown = shown.test(file.contentType);
  const disposition = dispositionOf(file.name);
  const url = await signUrl(
    promoter,
    {
      method: "GET",
      bucket: promoter.buckets.docs,
      key: file.key,
      query: {
        "response-content-disposition": isShown ? disposition.replace(/^attachment/, "inline") : disposition,
      },
    },
    URL_SECONDS,
  );
  return { url, expiresAt: new Date(Date.now() + URL_SECONDS * 1000).toISOString() };
}
