import { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import postgres from "postgres";
import { readConfig } from "#core/config.ts";
import { listVersions } from "#core/storage/list.ts";
import { abortMultipart } from "#core/storage/multipart.ts";
import { type Buckets, openStorage } from "#core/storage/storage.ts";
import { stackAdmin, stackEnv } from "./stack.ts";

const LANES = 8;

/** Removes what a test's database speaks of from the shared storage, locked masters too: a disk is not endless. */
export async function removeObjects(databaseUrl: string, buckets: Buckets): Promise<void> {
  const admin = stackAdmin();
  const storage = openStorage(readConfig(stackEnv(), "worker"), {
    accessKeyId: admin.S3_ADMIN_ACCESS_KEY_ID,
    secretAccessKey: admin.S3_ADMIN_SECRET_ACCESS_KEY,
  });
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const parts = await sql<{ bucket: "staging" | "masters"; key: string; uploadId: string }[]>`
      select 'staging' as bucket, storage_key as key, storage_upload_id as "uploadId" from uploads
        where storage_upload_id is not null and staging_removed_at is null
      union all select 'masters', v.master_key, c.storage_upload_id from master_copies c join versions v on v.id = c.version_id
        where c.storage_upload_id is not null and v.state = 'promoting'`;
    const places = await sql<{ bucket: keyof Buckets; prefix: string }[]>`
      select 'staging' as bucket, storage_key as prefix from uploads where staging_removed_at is null
      union all select 'masters', master_key from versions
      union all select 'previews', 'assets/' || id || '/' from versions`;
    await inLanes(parts, ({ bucket, key, uploadId }) =>
      abortMultipart(storage, { bucket: buckets[bucket], key }, uploadId),
    );
    await inLanes(places, async ({ bucket, prefix }) => {
      const Objects: { Key: string; VersionId: string }[] = [];
      for await (const { key, versionId } of listVersions(storage, buckets[bucket], prefix))
        Objects.push({ Key: key, VersionId: versionId });
      for (let at = 0; at < Objects.length; at += 1_000)
        await storage.s3.send(
          new DeleteObjectsCommand({
            Bucket: buckets[bucket],
            BypassGovernanceRetention: true,
            Delete: { Objects: Objects.slice(at, at + 1_000), Quiet: true },
          }),
        );
    });
  } finally {
    await sql.end();
    storage.s3.destroy();
  }
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
