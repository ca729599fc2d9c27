import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
} from "@aws-sdk/client-s3";
import { isAbsent } from "./faults.ts";
import { bareEtag, type Place } from "./read.ts";
import type { Storage } from "./storage.ts";

export interface Part {
  partNumber: number;
  etag: string;
  bytes: number;
}

export async function startMultipart(
  { s3 }: Storage,
  place: Place,
  options: {
    contentType?: string;
    storageClass?: string;
    lock?: { mode: "GOVERNANCE" | "COMPLIANCE"; until: Date };
  } = {},
): Promise<string> {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({
      Bucket: place.bucket,
      Key: place.key,
      ...(options.contentType ? { ContentType: options.contentType } : {}),
      ...(options.storageClass ? { StorageClass: options.storageClass as "STANDARD" } : {}),
      ...(options.lock
        ? { ObjectLockMode: options.lock.mode, ObjectLockRetainUntilDate: options.lock.until }
        : {}),
    }),
  );
  if (!UploadId) throw new Error("the storage started a multipart upload without an id");
  return UploadId;
}

/** Every part the storage holds, in order; undefined when there is no such upload (any more). */
export async function listParts(
  { s3 }: Storage,
  place: Place,
  uploadId: string,
): Promise<Part[] | undefined> {
  const parts: Part[] = [];
  let marker: string | undefined;
  try {
    do {
      const page = await s3.send(
        new ListPartsCommand({
          Bucket: place.bucket,
          Key: place.key,
          UploadId: uploadId,
          ...(marker ? { PartNumberMarker: marker } : {}),
        }),
      );
      for (const part of page.Parts ?? [])
        parts.push({
          partNumber: part.PartNumber ?? 0,
          etag: bareEtag(part.ETag),
          bytes: part.Size ?? 0,
        });
      marker = page.IsTruncated ? String(page.NextPartNumberMarker ?? parts.at(-1)?.partNumber) : undefined;
    } while (marker);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  return parts.sort((a, b) => a.partNumber - b.partNumber);
}

export async function completeMultipart(
  { s3 }: Storage,
  place: Place,
  uploadId: string,
  parts: Pick<Part, "partNumber" | "etag">[],
): Promise<void> {
  await s3.send(
    new CompleteMultipartUploadCommand({
      Bucket: place.bucket,
      Key: place.key,
      UploadId: uploadId,
      MultipartUpload: {
        Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: `"${etag}"` })),
      },
    }),
    { requestTimeout: 300_000 },
  );
}

/** Frees the parts. Nothing to do when the upload is gone already. */
export async function abortMultipart({ s3 }: Storage, place: Place, uploadId: string): Promise<void> {
  try {
    await s3.send(
      new AbortMultipartUploadCommand({ Bucket: place.bucket, Key: place.key, UploadId: uploadId }),
    );
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}
