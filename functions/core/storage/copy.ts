import { CopyObjectCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { bareEtag, type Place } from "./read.ts";
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

/** Copies bytes `first..last` (inclusive) as one part; answers its ETag. */
export async function copyPart(
  { s3 }: Storage,
  copy: {
    from: Place & { etag: string };
    to: Place;
    uploadId: string;
    partNumber: number;
    first: number;
    last: number;
  },
  signal?: AbortSignal,
): Promise<string> {
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
