import type { z } from "zod";
import { type Actor, personOf } from "../auth/actor.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { listParts } from "../storage/multipart.ts";
import { ownUpload } from "./may-upload.ts";
import { signPut } from "./open-upload.ts";
import { listUploads, type UploadRow } from "./store.ts";
import type { listUploadsQuery, Upload } from "./upload.ts";

/** One upload of the asker, with what the storage holds of it right now: a client resumes from that. */
export async function readUpload(
  { sql, presigner }: Pick<Resources, "sql" | "presigner">,
  actor: Actor,
  id: string,
): Promise<Upload> {
  const upload = await ownUpload(sql, actor, id);
  if (upload.state !== "open") return wireOf(upload);
  if (upload.method === "put") return { ...wireOf(upload), put: await signPut(presigner, upload) };
  const place = { bucket: presigner.buckets.staging, key: upload.storageKey };
  const parts = await listParts(presigner, place, upload.storageUploadId ?? "");
  return { ...wireOf(upload), parts: parts ?? [] };
}

/** The asker's uploads, newest first. */
export async function listOwnUploads(
  { sql }: Pick<Resources, "sql">,
  actor: Actor,
  query: z.output<typeof listUploadsQuery>,
): Promise<{ items: Upload[]; nextCursor: string | null }> {
  // Everybody behind an open link is the same guest: a list would show one stranger the files of another.
  if (actor.kind === "guest" && actor.id === actor.shareId) return { items: [], nextCursor: null };
  const personId = personOf(actor);
  const who =
    personId !== undefined
      ? { personId }
      : actor.kind === "guest"
        ? { shareId: actor.shareId, guestId: actor.id }
        : refuse("forbidden", "The system has no uploads of its own.");
  const rows = await listUploads(sql, who, {
    state: query.state,
    projectId: query.projectId,
    ...(query.cursor ? { before: query.cursor } : {}),
    limit: query.limit + 1,
  });
  const items = rows.slice(0, query.limit).map(wireOf);
  return { items, nextCursor: rows.length > query.limit ? (items.at(-1)?.uploadId ?? null) : null };
}

function wireOf(upload: UploadRow): Upload {
  const progress = upload.state === "promoted" ? 1 : Math.min(1, upload.bytesCopied / upload.bytes);
  return {
    uploadId: upload.id,
    projectId: upload.projectId,
    folderId: upload.folderId,
    assetId: upload.version?.assetId ?? upload.assetId,
    versionId: upload.version?.id ?? null,
    name: upload.name,
    bytes: upload.bytes,
    contentType: upload.contentType,
    method: upload.method,
    partBytes: upload.partBytes,
    state: upload.state,
    reason: upload.reason,
    reasonCode: upload.reasonCode,
    waiting: upload.waiting,
    parts: [],
    put: null,
    progress,
    expiresAt: upload.expiresAt.toISOString(),
    createdAt: upload.createdAt.toISOString(),
  };
}
