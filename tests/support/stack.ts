import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Buckets } from "#core/storage/storage.ts";

const root = join(import.meta.dir, "../..");

function read(instance: string, file: string): Record<string, string> {
  const path = join(root, ".rushes", instance, file);
  if (!existsSync(path))
    throw new Error(`${path} is missing: start the stack with "bun dev/stack.ts up --instance ${instance}"`);
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
}

/** The environment of the local test stack, as `bun dev/stack.ts up --instance test` wrote it. */
export function stackEnv(instance = "test"): Record<string, string> {
  return read(instance, "env.json");
}

export function stackBuckets(): Buckets {
  const { BUCKET_STAGING = "", BUCKET_MASTERS = "", BUCKET_PREVIEWS = "", BUCKET_DOCS = "" } = stackEnv();
  return { staging: BUCKET_STAGING, masters: BUCKET_MASTERS, previews: BUCKET_PREVIEWS, docs: BUCKET_DOCS };
}

/** Rights the product does not have: making databases, owning buckets. */
export function stackAdmin(instance = "test") {
  return read(instance, "admin.json") as Record<
    "POSTGRES_ADMIN_URL" | "S3_ADMIN_ACCESS_KEY_ID" | "S3_ADMIN_SECRET_ACCESS_KEY",
    string
  >;
}

/** The stack's Redis, in a database of one's own: 0..4095. */
export function redisUrl(database: number): string {
  const url = new URL(stackEnv().REDIS_URL ?? "");
  url.pathname = `/${database}`;
  return url.href;
}
