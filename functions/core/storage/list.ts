import {
  GetObjectLockConfigurationCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import type { Storage } from "./storage.ts";

/** Every multipart upload that was begun and neither completed nor aborted. */
export async function* listMultiparts(
  { s3 }: Storage,
  bucket: string,
): AsyncGenerator<{ key: string; uploadId: string; startedAt: Date | undefined }> {
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, ...marker }));
    for (const upload of page.Uploads ?? [])
      if (upload.Key && upload.UploadId)
        yield { key: upload.Key, uploadId: upload.UploadId, startedAt: upload.Initiated };
    if (!page.IsTruncated) return;
    marker = {
      ...(page.NextKeyMarker ? { KeyMarker: page.NextKeyMarker } : {}),
      ...(page.NextUploadIdMarker ? { UploadIdMarker: page.NextUploadIdMarker } : {}),
    };
  }
}

/** Every version of every object, and every delete marker as a version of no bytes. */
export async function* listVersions(
  { s3 }: Storage,
  bucket: string,
  prefix = "",
): AsyncGenerator<{ key: string; versionId: string; bytes: number; modifiedAt: Date | undefined }> {
  let marker: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (;;) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...marker }));
    const found = [
      ...(page.Versions ?? []).map((version) => ({ ...version, bytes: version.Size ?? 0 })),
      ...(page.DeleteMarkers ?? []).map((deleted) => ({ ...deleted, bytes: 0 })),
    ];
    for (const { Key, VersionId, LastModified, bytes } of found)
      if (Key && VersionId) yield { key: Key, versionId: VersionId, bytes, modifiedAt: LastModified };
    if (!page.IsTruncated) return;
    marker = {
      ...(page.NextKeyMarker ? { KeyMarker: page.NextKeyMarker } : {}),
      ...(page.NextVersionIdMarker ? { VersionIdMarker: page.NextVersionIdMarker } : {}),
    };
  }
}

export async function readBucketLock({ s3 }: Storage, bucket: string) {
  const { ObjectLockConfiguration: found } = await s3.send(
    new GetObjectLockConfigurationCommand({ Bucket: bucket }),
  );
  return {
    isEnabled: found?.ObjectLockEnabled === "Enabled",
    mode: found?.Rule?.DefaultRetention?.Mode,
  };
}
