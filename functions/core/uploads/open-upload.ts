import type { z } from "zod";
import { type Actor, personOf } from "../auth/actor.ts";
import { roleOf } from "../auth/rights.ts";
import { type ClientHashes, clientHashesOf, contradiction } from "../custody/client-hashes.ts";
import type { Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { abortMultipart, startMultipart } from "../storage/multipart.ts";
import { signUrl } from "../storage/sign.ts";
import type { Storage } from "../storage/storage.ts";
import { allowedInWords, isDeclaredAllowed } from "./allowed.ts";
import { needUploadAs } from "./may-upload.ts";
import { planUpload } from "./plan.ts";
import { room } from "./quota.ts";
import { insertUpload } from "./store.ts";
import { readTarget } from "./target-store.ts";
import type { openUploadInput } from "./upload.ts";

/** How long one signed URL is good for. A later one is asked for again, so a leaked one is soon worthless. */
export const URL_SECONDS = 3_600;

export interface OpenedUpload {
  uploadId: string;
  method: "put" | "multipart";
  partBytes?: number;
  put?: { url: string; headers: Record<string, string> };
  expiresAt: string;
}

/**
 * Opens an upload: checks type, size and quota before a byte travels, reserves the bytes, and answers how to send.
 * The name is kept for people and never becomes a key.
 */
export async function openUpload(
  deps: Pick<Resources, "sql" | "config" | "presigner">,
  actor: Actor,
  input: z.output<typeof openUploadInput>,
): Promise<OpenedUpload> {
  const { sql, config, presigner } = deps;
  await checkWanted(deps, actor, input);
  const clientHashes = announcedHashes(input);
  const id = newId("upload");
  const storageKey = `uploads/${id}`;
  const plan = planUpload(input.bytes);
  const place = { bucket: presigner.buckets.staging, key: storageKey };
  const storageUploadId =
    plan.method === "multipart"
      ? await startMultipart(presigner, place, { contentType: input.contentType })
      : null;
  const expiresAt = new Date(Date.now() + config.UPLOAD_TTL_SECONDS * 1000);
  try {
    const [isOpen, put] = await Promise.all([
      insertUpload(sql, {
        id,
        projectId: input.projectId,
        folderId: input.folderId ?? null,
        assetId: input.assetId ?? null,
        name: input.name,
        bytes: input.bytes,
        contentType: input.contentType,
        clientHashes,
        manifest: input.manifest,
        method: plan.method,
        partBytes: plan.method === "multipart" ? plan.partBytes : null,
        storageKey,
        storageUploadId,
        createdBy: personOf(actor) ?? null,
        shareId: actor.kind === "guest" ? actor.shareId : null,
        guestId: actor.kind === "guest" ? actor.id : null,
        expiresAt,
      }),
      plan.method === "put" ? signPut(presigner, { storageKey, ...input }) : undefined,
    ]);
    if (!isOpen) await refuseFull(sql, input);
    return {
      uploadId: id,
      method: plan.method,
      ...(plan.method === "multipart" ? { partBytes: plan.partBytes } : {}),
      ...(put ? { put } : {}),
      expiresAt: expiresAt.toISOString(),
    };
  } catch (error) {
    if (storageUploadId) await abortMultipart(presigner, place, storageUploadId).catch(() => {}); // the error is what counts
    throw error;
  }
}

/** Refuses what could not become a master, before a byte travels. */
async function checkWanted(
  { sql, config }: Pick<Resources, "sql" | "config">,
  actor: Actor,
  input: z.output<typeof openUploadInput>,
): Promise<void> {
  const target = await readTarget(sql, input, personOf(actor));
  if (!target) notFound("project");
  needUploadAs(actor, roleOf(actor, target.membership), input.projectId);
  // A request link is a letter box: what comes through it lies at the top, beside nobody's work.
  if (actor.kind === "guest" && (input.assetId || input.folderId))
    notFound(input.assetId ? "asset" : "folder");
  if (input.folderId && !target.hasFolder) notFound("folder");
  if (input.assetId && !target.hasAsset) notFound("asset");
  if (input.bytes > config.MAX_UPLOAD_BYTES)
    refuse("too-large", `Files may have at most ${config.MAX_UPLOAD_BYTES} bytes here.`);
  if (!isDeclaredAllowed(input.contentType, config.ALLOWED_TYPES, target.allowedTypes))
    refuse(
      "type-not-allowed",
      `${input.contentType} is not accepted here. Send one of: ${allowedInWords(config.ALLOWED_TYPES, target.allowedTypes)}.`,
    );
}

/** What the sender and the manifest say the file hashes to; they may not contradict each other. */
function announcedHashes(input: z.output<typeof openUploadInput>): ClientHashes {
  const [sent, announced] = [clientHashesOf(input), clientHashesOf(input.manifest ?? {})];
  if (contradiction(sent, announced))
    refuse("hash-mismatch", "The hash of the file is not the one its manifest announces. Check the file.");
  return { sha256: sent.sha256 ?? announced.sha256, xxh128: sent.xxh128 ?? announced.xxh128 };
}

async function refuseFull(
  sql: Sql,
  { projectId, bytes }: { projectId: string; bytes: number },
): Promise<never> {
  const { usedBytes, reservedBytes, quotaBytes } = await room(sql, projectId);
  const left = Math.max(0, (quotaBytes ?? 0) - usedBytes - reservedBytes);
  refuse(
    "quota-exceeded",
    `This file has ${bytes} bytes and the project has room for ${left}. Delete what is no longer needed, or ask a manager for a larger quota.`,
  );
}

/** The one request that may put this object: exactly this type and length, or the storage refuses it. */
export async function signPut(
  presigner: Storage,
  it: { storageKey: string; contentType: string; bytes: number },
): Promise<{ url: string; headers: Record<string, string> }> {
  const url = await signUrl(
    presigner,
    {
      method: "PUT",
      bucket: presigner.buckets.staging,
      key: it.storageKey,
      headers: { "content-type": it.contentType, "content-length": String(it.bytes) },
    },
    URL_SECONDS,
  );
  return { url, headers: { "Content-Type": it.contentType } };
}
