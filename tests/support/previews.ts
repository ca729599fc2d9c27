import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { readConfig } from "#core/config.ts";
import { newId } from "#core/id.ts";
import { type Recipe, recipeHash } from "#core/previews/recipe.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import type { Queue } from "#core/queue/port.ts";
import type { Resources } from "#core/resources.ts";
import { keysOf, openStorage, type Storage } from "#core/storage/storage.ts";
import { seedPerson, seedProject } from "./people.ts";
import { testResources } from "./resources.ts";
import { stackEnv } from "./stack.ts";

export interface PreviewRoom {
  resources: Resources;
  /** The worker's own keys. */
  storage: Storage;
  queue: Queue;
  projectId: string;
  /** The environment of a real worker process in this room. */
  environment: Record<string, string>;
  close(): Promise<void>;
}

/** A database, a queue and the worker's storage keys, shared with nobody. */
export async function openPreviewRoom(): Promise<PreviewRoom> {
  const resources = await testResources();
  const environment = {
    ...stackEnv(),
    POSTGRES_URL: resources.config.POSTGRES_URL,
    REDIS_URL: resources.config.REDIS_URL,
    LOG_LEVEL: process.env.TEST_LOG ?? "warn",
    GPU_DEVICE: "none",
    WORKER_PORT: "0",
  };
  const config = readConfig(environment, "worker");
  const storage = openStorage(config, keysOf(config, "worker"));
  const queue = openQueue(config, "previews:build");
  const person = await seedPerson(resources, "Mara");
  const projectId = await seedProject(resources, { [person.id]: "manager" });
  return {
    resources,
    storage,
    queue,
    projectId,
    environment,
    async close() {
      await queue.close();
      storage.s3.destroy();
      await resources.close();
    },
  };
}

export interface SeededMaster {
  versionId: string;
  assetId: string;
  jobId: string;
}

/** A locked master as promotion leaves it, with its job queued. */
export async function addMaster(
  room: PreviewRoom,
  path: string,
  options: {
    clientSha256?: string;
    clientXxh128?: string;
    recipe?: Recipe;
    bytes?: number;
    attempts?: number;
  } = {},
): Promise<SeededMaster> {
  const { sql, promoter } = room.resources;
  const [assetId, versionId, uploadId] = [newId("asset"), newId("version"), newId("upload")];
  const key = `masters/${versionId}`;
  const bytes = (await stat(path)).size;
  const put = await promoter.s3.send(
    new PutObjectCommand({
      Bucket: promoter.buckets.masters,
      Key: key,
      Body: bytes === 0 ? new Uint8Array() : createReadStream(path),
      ContentLength: bytes,
    }),
  );
  const locked = { mode: "GOVERNANCE", until: new Date(Date.now() + 86_400_000) };
  await sql.begin(async (tx) => {
    await tx`insert into assets (id, project_id, name) values (${assetId}, ${room.projectId}, 'clip')`;
    await tx`
      insert into uploads (id, project_id, name, bytes, content_type, method, storage_key, state, received_at, expires_at)
      values (${uploadId}, ${room.projectId}, 'clip', ${Math.max(1, bytes)}, 'video/mp4', 'put', ${`uploads/${uploadId}`},
        'promoted', now(), now() + interval '1 day')`;
    await tx`
      insert into versions (id, project_id, asset_id, upload_id, number, state, name, bytes, content_type, master_key,
        master_version_id, lock_mode, lock_until, lock_read_at, client_sha256, client_xxh128)
      values (${versionId}, ${room.projectId}, ${assetId}, ${uploadId}, 1, 'mastered', 'clip',
        ${options.bytes ?? Math.max(1, bytes)}, 'video/mp4', ${key}, ${put.VersionId ?? "null"}, ${locked.mode},
        ${locked.until}, now(), ${options.clientSha256 ?? null}, ${options.clientXxh128 ?? null})`;
  });
  return { versionId, assetId, jobId: await addJob(room, versionId, options.recipe ?? {}, options.attempts) };
}

/** Another job for a version, as `POST /preview` makes it. */
export async function addJob(
  room: PreviewRoom,
  versionId: string,
  recipe: Recipe,
  attempts = 0,
): Promise<string> {
  const jobId = newId("job");
  await room.resources.sql`
    insert into preview_jobs (id, version_id, project_id, recipe, recipe_hash, attempts)
    values (${jobId}, ${versionId}, ${room.projectId}, ${room.resources.sql.json(recipe as never)}, ${recipeHash(recipe)},
      ${attempts})`;
  await room.queue.enqueue([{ key: jobId, body: { v: 1, id: jobId } }]);
  return jobId;
}

export async function versionOf(room: PreviewRoom, versionId: string) {
  const rows = await room.resources.sql`select * from versions where id = ${versionId}`;
  const row = rows[0];
  if (!row) throw new Error("no such version");
  return row;
}

/** One object of previews, with the headers it was given. */
export async function previewObject(room: PreviewRoom, key: string) {
  const { s3, buckets } = room.storage;
  const answer = await s3.send(new GetObjectCommand({ Bucket: buckets.previews, Key: key }));
  return {
    bytes: (await answer.Body?.transformToByteArray()) ?? new Uint8Array(),
    contentType: answer.ContentType,
    cacheControl: answer.CacheControl,
  };
}

export async function previewText(room: PreviewRoom, key: string): Promise<string> {
  return Buffer.from((await previewObject(room, key)).bytes).toString("utf8");
}
