import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { Storage } from "./storage.ts";

/** Writes one object whole. */
export async function putObject(
  { s3 }: Storage,
  place: { bucket: string; key: string },
  body: Uint8Array | string,
  headers: { contentType: string; cacheControl: string },
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: place.bucket,
      Key: place.key,
      Body: body,
      ContentType: headers.contentType,
      CacheControl: headers.cacheControl,
    }),
  );
}

/** Every key below a prefix, a page at a time. */
export async function* listKeys(
  { s3 }: Storage,
  bucket: string,
  prefix: string,
): AsyncGenerator<{ key: string; bytes: number; modifiedAt: Date | undefined }> {
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(token ? { ContinuationToken: token } : {}),
      }),
    );
    for (const object of page.Contents ?? []) {
      if (object.Key) yield { key: object.Key, bytes: object.Size ?? 0, modifiedAt: object.LastModified };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token);
}

/** Removes everything below a prefix of one bucket. Answers how many objects went. */
export async function deletePrefix(storage: Storage, bucket: string, prefix: string): Promise<number> {
  if (!prefix.endsWith("/") || prefix.length < 3)
    throw new RangeError("a prefix to delete ends with a slash");
  const keys: string[] = [];
  for await (const { key } of listKeys(storage, bucket, prefix)) keys.push(key);
  await deleteKeys(storage, bucket, keys);
  return keys.length;
}

const DELETE_BATCH = 500;

/** Removes the named objects; what is gone already is no fault. */
export async function deleteKeys({ s3 }: Storage, bucket: string, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += DELETE_BATCH) {
    const Objects = keys.slice(at, at + DELETE_BATCH).map((Key) => ({ Key }));
    await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
  }
}

/** Copies everything below `from` to below `to`, inside the storage, metadata included. Answers the objects copied. */
export async function copyPrefix(
  storage: Storage,
  bucket: string,
  from: string,
  to: string,
  options: { parallel: number; signal: AbortSignal; skip?: (name: string) => boolean },
): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of listKeys(storage, bucket, from))
    if (!options.skip?.(key.slice(from.length))) keys.push(key);
  let next = 0;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const lane = async () => {
    for (let key = keys[next++]; key !== undefined; key = keys[next++]) {
      signal.throwIfAborted();
      const source = `${bucket}/${key}`.split("/").map(encodeURIComponent).join("/");
      await storage.s3.send(
        new CopyObjectCommand({ Bucket: bucket, Key: to + key.slice(from.length), CopySource: source }),
      );
    }
  };
  const lanes = Array.from({ length: options.parallel }, () => lane().catch((cause) => failed.abort(cause)));
  await Promise.all(lanes); // every lane has ended, also when one has failed: nothing is under way any more
  failed.signal.throwIfAborted();
  return keys.length;
}
