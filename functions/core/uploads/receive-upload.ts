import { refuse } from "../refusal.ts";
import { isPreconditionFailed } from "../storage/faults.ts";
import { completeMultipart, listParts, type Part } from "../storage/multipart.ts";
import { headObject, readRange } from "../storage/read.ts";
import type { Storage } from "../storage/storage.ts";
import { allowedInWords, isAllowed } from "./allowed.ts";
import { partCount, partLength } from "./plan.ts";
import { SNIFF_BYTES, sniff } from "./sniff.ts";
import type { UploadRow } from "./store.ts";

export interface GivenPart {
  partNumber: number;
  etag: string;
}

/**
 * Makes one object of what was sent and answers its ETag, which pins it from here on. Refuses with
 * `upload-incomplete` while bytes are missing: nothing is lost, the client sends them and promotes again.
 * Repeating it after a crash finds the object already whole.
 */
export async function gatherObject(
  promoter: Storage,
  upload: UploadRow,
  given: GivenPart[] | undefined,
): Promise<{ etag: string }> {
  const place = { bucket: promoter.buckets.staging, key: upload.storageKey };
  if (upload.method === "multipart" && upload.storageUploadId) {
    const parts = await listParts(promoter, place, upload.storageUploadId);
    if (parts) {
      checkParts(upload, parts, given);
      await completeMultipart(promoter, place, upload.storageUploadId, parts).catch(async (error) => {
        // Somebody else completed it a moment ago, or the answer got lost: what counts is what is there.
        if (!(await headObject(promoter, place))) throw error;
      });
    }
  }
  const head = await headObject(promoter, place);
  if (!head) refuse("upload-incomplete", "Nothing has arrived yet. Send the file, then promote.");
  if (head.bytes !== upload.bytes)
    refuse(
      "upload-incomplete",
      `${head.bytes} of ${upload.bytes} bytes have arrived. Send the whole file, then promote.`,
    );
  return { etag: head.etag };
}

/** The storage knows what it holds. A list from the client is checked against it, never believed. */
function checkParts(upload: UploadRow, held: Part[], given: GivenPart[] | undefined): void {
  const partBytes = upload.partBytes ?? upload.bytes;
  const count = partCount(upload.bytes, partBytes);
  const byNumber = new Map(held.map((part) => [part.partNumber, part]));
  const missing: number[] = [];
  for (let n = 1; n <= count; n++)
    if (byNumber.get(n)?.bytes !== partLength(upload.bytes, partBytes, n)) missing.push(n);
  if (missing.length > 0) {
    const named = missing.slice(0, 10).join(", ") + (missing.length > 10 ? ", …" : "");
    refuse(
      "upload-incomplete",
      `${missing.length} of ${count} parts have not arrived whole: ${named}. Send them, then promote.`,
    );
  }
  if (!given) return;
  for (const { partNumber, etag } of given)
    if (byNumber.get(partNumber)?.etag !== etag.replaceAll('"', ""))
      refuse(
        "upload-incomplete",
        `Part ${partNumber} in the storage is not the part you name. Read the upload and send that part again.`,
        { errors: [{ pointer: "/parts", detail: `part ${partNumber} differs` }] },
      );
  const named = new Set(given.map(({ partNumber }) => partNumber)).size;
  if (named < count) refuse("upload-incomplete", `The list names ${named} of ${count} parts.`);
}

/** Looks at the content of the pinned object. The name and the declared type decide nothing. */
export async function examine(
  promoter: Storage,
  upload: UploadRow,
  lists: { deployment: readonly string[]; project: readonly string[] | null },
): Promise<{ type: string } | { code: "not-media" | "type-not-allowed" | "conflict"; reason: string }> {
  const place = {
    bucket: promoter.buckets.staging,
    key: upload.storageKey,
    ...(upload.etag ? { etag: upload.etag } : {}),
  };
  let head: Uint8Array;
  try {
    head = await readRange(promoter, place, 0, Math.min(upload.bytes, SNIFF_BYTES) - 1);
  } catch (error) {
    if (!isPreconditionFailed(error)) throw error;
    return { code: "conflict", reason: changedReason };
  }
  const found = sniff(head);
  if (found.kind === "other")
    return {
      code: "not-media",
      reason: `The content is ${found.what}, whatever the name says. Export the video, sound or picture again and upload that.`,
    };
  if (!isAllowed(found.type, lists.deployment, lists.project))
    return {
      code: "type-not-allowed",
      reason: `The content is ${found.type}, which is not accepted here. Send one of: ${allowedInWords(lists.deployment, lists.project)}.`,
    };
  return { type: found.type };
}

export const changedReason =
  "The file in staging was replaced after it had been checked. Upload it again and leave it alone until it is a master.";
