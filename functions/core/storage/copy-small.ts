import { CopyObjectCommand } from "@aws-sdk/client-s3";
import type { Place } from "./read.ts";
import type { Storage } from "./storage.ts";

/** Copies a small object inside the storage, unlocked, on condition that the source still has `etag`. */
export async function copySmall(
  { s3 }: Storage,
  copy: { from: Place & { etag: string }; to: Place; contentType: string },
): Promise<void> {
  const { from, to } = copy;
  await s3.send(
    new CopyObjectCommand({
      Bucket: to.bucket,
      Key: to.key,
      CopySource: `${from.bucket}/${from.key.split("/").map(encodeURIComponent).join("/")}`,
      CopySourceIfMatch: `"${from.etag}"`,
      MetadataDirective: "REPLACE",
      ContentType: copy.contentType,
    }),
  );
}
