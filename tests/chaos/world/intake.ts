import { expect } from "bun:test";
import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import type { Resources } from "#core/resources.ts";
import { readLock } from "#core/storage/lock.ts";
import { listKeys } from "#core/storage/prefix.ts";
import { headObject } from "#core/storage/read.ts";
import { keysOf, openStorage } from "#core/storage/storage.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { openStorageProxy, type StorageProxy } from "#tests/support/storage-proxy.ts";
import { openAndPut, type Wanted } from "#tests/support/uploads.ts";

/** Uploads on their way to become masters, with the storage behind a proxy that can be told to fail. */
export interface Intake {
  deps: Resources;
  api: Api;
  /** The same as `deps`, its promoter behind the proxy. */
  faulty: Resources;
  /** As `api`, on `faulty`. */
  faultyApi: Api;
  proxy: StorageProxy;
  /** An upload that was sent and promoted; its copy is still to be made. */
  promoted(wanted?: Wanted): Promise<{ uploadId: string; versionId: string; body: Buffer; staged: string }>;
}

/** Opens an intake for one test, checks at the end that everything in it has come to its one end, and closes it. */
export async function inIntake(work: (intake: Intake) => Promise<void>): Promise<void> {
  const deps = await testResources();
  const proxy = await openStorageProxy(deps.config.WASABI_ENDPOINT);
  const config = { ...deps.config, WASABI_ENDPOINT: proxy.url };
  const faulty = Object.assign(Object.create(deps) as Resources, {
    promoter: openStorage(config, keysOf(config, "promoter")),
  });
  try {
    const api = await openApi(deps);
    const faultyApi = await openApi(faulty, api.seed);
    await work({
      deps,
      api,
      faulty,
      faultyApi,
      proxy,
      async promoted(wanted = {}) {
        const { uploadId, body } = await openAndPut(api, "editor", wanted);
        const { versionId } = (await api.as("editor").post("/promote", { uploadId })).body;
        return { uploadId, versionId, body: Buffer.from(body), staged: `uploads/${uploadId}` };
      },
    });
    await expectSettled(deps);
  } finally {
    faulty.promoter.s3.destroy();
    await proxy.close();
    await deps.close();
  }
}

interface UploadRow {
  id: string;
  state: string;
  versions: { id: string; state: string; reason: string | null; key: string; at: string; bytes: number }[];
}

/**
 * Every upload has come to exactly one end (a locked master with one preview job, or a reason), and nothing is
 * orphaned: no object and no part in staging, no part in the masters, no byte of a quota.
 */
export async function expectSettled({ sql, promoter }: Resources): Promise<void> {
  const uploads = await sql<UploadRow[]>`
    select u.id, u.state, coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'state', v.state, 'reason', v.reason,
      'key', v.master_key, 'at', v.master_version_id, 'bytes', v.bytes)) filter (where v.id is not null), '[]') as versions
    from uploads u left join versions v on v.upload_id = u.id group by u.id`;
  expect(uploads.length).toBeGreaterThan(0);
  for (const { id, state, versions } of uploads) {
    if (state === "promoted") {
      expect(versions).toHaveLength(1);
      for (const version of versions) {
        const place = { bucket: promoter.buckets.masters, key: version.key, versionId: version.at };
        expect(await headObject(promoter, place)).toMatchObject({ bytes: version.bytes });
        expect(await readLock(promoter, place)).toBeDefined();
        expect(await sql`select 1 from preview_jobs where version_id = ${version.id}`).toHaveLength(1);
      }
    } else {
      expect(["refused", "expired", "aborted"]).toContain(state);
      for (const version of versions)
        expect(version).toMatchObject({ state: "failed", reason: expect.any(String) });
    }
    const { staging, masters } = promoter.buckets;
    expect(await Array.fromAsync(listKeys(promoter, staging, `uploads/${id}`))).toEqual([]);
    for (const [Bucket, Prefix] of [
      [staging, `uploads/${id}`],
      ...versions.map((version) => [masters, `masters/${version.id}`]),
    ]) {
      const { Uploads = [] } = await promoter.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
      expect(Uploads).toEqual([]);
    }
  }
  const [quota] = await sql<{ reserved: number }[]>`
    select coalesce(sum(reserved_bytes), 0)::bigint as reserved from project_storage`;
  expect(quota?.reserved).toBe(0);
}
