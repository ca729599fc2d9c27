import { CopyObjectCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { isDenied } from "./faults.ts";
import { bareEtag, type Place } from "./read.ts";
import { relayBytes } from "./relay.ts";
import type { Storage } from "./storage.ts";

export interface Lock {
  mode: "GOVERNANCE" | "COMPLIANCE";
  until: Date;
}

/** A server-side copy of many gigabytes answers late; each attempt may take this long. */
const COPY_TIMEOUT_MS = 15 * 60_000;

const sourceOf = ({ bucket, key }: Place) => `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;

/**
 * Copies a whole object (5 GB at most, says S3) on condition that the source still has `etag`.
 * Not every server honours the condition or keeps the lock headers: check both afterwards.
 */
export async function copyObject(
  { s3 }: Storage,
  copy: {
    from: Place & { etag: string };
    to: Place;
    contentType: string;
    storageClass: string;
    lock: Lock;
  },
  signal?: AbortSignal,
): Promise<void> {
  await s3.send(
    new CopyObjectCommand({
      Bucket: copy.to.bucket,
      Key: copy.to.key,
      CopySource: sourceOf(copy.from),
      CopySourceIfMatch: `"${copy.from.etag}"`,
      MetadataDirective: "REPLACE",
      ContentType: copy.contentType,
      StorageClass: copy.storageClass as "STANDARD",
      ObjectLockMode: copy.lock.mode,
      ObjectLockRetainUntilDate: copy.lock.until,
    }),
    { requestTimeout: COPY_TIMEOUT_MS, ...(signal ? { abortSignal: signal } : {}) },
  );
}

interface PartCopy {
  from: Place & { etag: string };
  to: Place;
  uploadId: string;
  partNumber: number;
  /** Inclusive byte positions. */
  first: number;
  last: number;
}

/** Copies one range as one part, inside the storage where it allows that, else through us; answers its ETag. */
export async function copyPart(storage: Storage, copy: PartCopy, signal?: AbortSignal): Promise<string> {
  try {
    return await copyPartInside(storage, copy, signal);
  } catch (error) {
    if (!isDenied(error)) throw error;
    const query = { partNumber: String(copy.partNumber), uploadId: copy.uploadId };
    return (await relayBytes(storage, copy, { ...copy.to, query }, signal)).etag;
  }
}

async function copyPartInside({ s3 }: Storage, copy: PartCopy, signal?: AbortSignal): Promise<string> {
  const answer = await s3.send(
    new UploadPartCopyCommand({
      Bucket: copy.to.bucket,
      Key: copy.to.key,
      UploadId: copy.uploadId,
      PartNumber: copy.partNumber,
      CopySource: sourceOf(copy.from),
      CopySourceIfMatch: `"${copy.from.etag}"`,
      CopySourceRange: `bytes=${copy.first}-${copy.last}`,
    }),
    { requestTimeout: COPY_TIMEOUT_MS, ...(signal ? { abortSignal: signal } : {}) },
  );
  const etag = bareEtag(answer.CopyPartResult?.ETag);
  if (!etag) throw new Error("the storage copied a part without an ETag");
  return etag;
}

/**
 * Writes a whole object anew with its lock in the same request, through us. Every server keeps the lock headers of a
 * put; not every one keeps those of a copy.
 */
export async function putLocked(
  storage: Storage,
  copy: {
    from: Place & { etag: string };
    to: Place;
    bytes: number;
    contentType: string;
    storageClass: string;
    lock: Lock;
  },
  signal?: AbortSignal,
): Promise<void> {
  await relayBytes(
    storage,
    { from: copy.from, first: 0, last: copy.bytes - 1 },
    {
      ...copy.to,
      headers: {
        "content-type": copy.contentType,
        "x-amz-storage-class": copy.storageClass,
        "x-amz-object-lock-mode": copy.lock.mode,
        "x-amz-object-lock-retain-until-date": copy.lock.until.toISOString(),
      },
    },
    signal,
  );
}
