import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { isAbsent } from "./faults.ts";
import type { Place } from "./read.ts";
import type { Storage } from "./storage.ts";

/** Deletes an object, or exactly one version of it. What is gone already is no error; what is locked is. */
export async function removeObject({ s3 }: Storage, place: Place): Promise<void> {
  try {
    await s3.send(
      new DeleteObjectCommand({
        Bucket: place.bucket,
        Key: place.key,
        ...(place.versionId ? { VersionId: place.versionId } : {}),
      }),
    );
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}
