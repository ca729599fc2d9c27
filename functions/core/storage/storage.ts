import { S3Client } from "@aws-sdk/client-s3";
import type { SharedConfig, StorageUser } from "../config.ts";
import { giveUpOnSilence } from "./patience.ts";

export interface Buckets {
  staging: string;
  masters: string;
  previews: string;
  docs: string;
}

/** One storage user: its own key pair, so that a leak or a mistake reaches no further than its bucket policy. */
export interface Storage {
  s3: S3Client;
  endpoint: string;
  buckets: Buckets;
}

/**
 * Opens a client for one storage user. Checksums only where an operation demands them: the SDK's default
 * (a streamed trailer) is refused by Ceph 16 with 411.
 */
export function openStorage(
  config: SharedConfig,
  keys: { accessKeyId: string; secretAccessKey: string },
): Storage {
  const s3 = new S3Client({
    endpoint: config.WASABI_ENDPOINT,
    region: config.WASABI_REGION,
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    credentials: keys,
    maxAttempts: 4,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: 2_000,
      requestTimeout: 60_000,
      httpsAgent: { maxSockets: 64 },
      httpAgent: { maxSockets: 64 },
    },
  });
  giveUpOnSilence(s3, config.WASABI_ENDPOINT);
  return {
    s3,
    endpoint: config.WASABI_ENDPOINT,
    buckets: {
      staging: config.BUCKET_STAGING,
      masters: config.BUCKET_MASTERS,
      previews: config.BUCKET_PREVIEWS,
      docs: config.BUCKET_DOCS,
    },
  };
}

/** The key pair of `user` from a parsed configuration. */
export function keysOf(config: object, user: StorageUser) {
  const read = (suffix: string) =>
    (config as Record<string, string>)[`S3_${user.toUpperCase()}_${suffix}`] ?? "";
  return { accessKeyId: read("ACCESS_KEY_ID"), secretAccessKey: read("SECRET_ACCESS_KEY") };
}
