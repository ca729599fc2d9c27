import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { stackEnv } from "#tests/support/stack.ts";

export const finished = "public, max-age=31536000, immutable";
export const growing = "max-age=1";

let client: S3Client | undefined;

/** Writes to the previews bucket with the worker's keys, as the worker does. */
export async function putPreview(
  versionId: string,
  rest: string,
  body: string | Uint8Array,
  {
    type = "application/octet-stream",
    cacheControl = finished,
  }: { type?: string; cacheControl?: string | null } = {},
): Promise<void> {
  const env = stackEnv();
  client ??= new S3Client({
    endpoint: env.WASABI_ENDPOINT ?? "",
    region: env.WASABI_REGION ?? "",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    credentials: {
      accessKeyId: env.S3_WORKER_ACCESS_KEY_ID ?? "",
      secretAccessKey: env.S3_WORKER_SECRET_ACCESS_KEY ?? "",
    },
  });
  await client.send(
    new PutObjectCommand({
      Bucket: env.BUCKET_PREVIEWS ?? "",
      Key: `assets/${versionId}/${rest}`,
      Body: body,
      ContentType: type,
      ...(cacheControl === null ? {} : { CacheControl: cacheControl }),
    }),
  );
}

/** A version id nobody else uses. */
export function ownVersion(): string {
  return `ver_${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
}

/** Bytes that say where they are, so that a wrong slice shows. */
export function patterned(bytes: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let at = 0; at < words.length; at++) words[at] = at * 2_654_435_761;
  return new Uint8Array(words.buffer, 0, bytes);
}
