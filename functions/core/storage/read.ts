import type { Readable } from "node:stream";
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { isAbsent } from "./faults.ts";
import type { Storage } from "./storage.ts";

/** One object, or one version of it. */
export interface Place {
  bucket: string;
  key: string;
  versionId?: string;
}

export interface Head {
  bytes: number;
  etag: string;
  versionId: string | undefined;
}

const at = ({ bucket, key, versionId }: Place) => ({
  Bucket: bucket,
  Key: key,
  ...(versionId ? { VersionId: versionId } : {}),
});

/** Size, ETag (without quotes) and version; undefined when it is not there. */
export async function headObject({ s3 }: Storage, place: Place): Promise<Head | undefined> {
  try {
    const head = await s3.send(new HeadObjectCommand(at(place)));
    return { bytes: head.ContentLength ?? 0, etag: bareEtag(head.ETag), versionId: head.VersionId };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The bytes `from..to` (inclusive) of the object as pinned by its ETag. */
export async function readRange(
  { s3 }: Storage,
  place: Place & { etag?: string },
  from: number,
  to: number,
): Promise<Uint8Array> {
  const answer = await s3.send(
    new GetObjectCommand({
      ...at(place),
      Range: `bytes=${from}-${to}`,
      ...(place.etag ? { IfMatch: `"${place.etag}"` } : {}),
    }),
  );
  return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
}

/** The whole object as a stream of chunks; it is never in memory at once. */
export async function openObject(
  { s3 }: Storage,
  place: Place & { etag?: string },
  signal?: AbortSignal,
): Promise<Readable> {
  const answer = await s3.send(
    new GetObjectCommand({ ...at(place), ...(place.etag ? { IfMatch: `"${place.etag}"` } : {}) }),
    signal ? { abortSignal: signal } : {},
  );
  return answer.Body as Readable;
}

export function bareEtag(etag: string | undefined): string {
  return (etag ?? "").replaceAll('"', "");
}
