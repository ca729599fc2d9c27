import type { Resources } from "../resources.ts";
import { listMultiparts, listVersions } from "../storage/list.ts";
import { listKeys } from "../storage/prefix.ts";

/** Something in a bucket that no row of ours knows. */
export interface Orphan {
  bucket: "staging" | "masters" | "previews" | "docs";
  kind: "object" | "parts" | "version";
  key: string;
  /** The storage version, or the id of the multipart upload. */
  id?: string;
  bytes: number;
  why: string;
}

export interface Finding {
  level: "ok" | "warning" | "fault";
  what: string;
}

type Deps = Pick<Resources, "sql" | "promoter" | "custodian" | "config">;

/** What is younger may just be on its way into a row. */
const GRACE_MS = 3_600_000;
const LOOKUP = 500;

/** Objects, parts and storage versions that nothing refers to, bucket by bucket. Changes nothing. */
export async function* findOrphans(deps: Deps, graceMs = GRACE_MS): AsyncGenerator<Orphan> {
  yield* inStaging(deps, graceMs);
  yield* inMasters(deps, graceMs);
  yield* inPreviews(deps);
}

async function* inStaging({ sql, promoter }: Deps, graceMs: number): AsyncGenerator<Orphan> {
  const bucket = promoter.buckets.staging;
  const isOld = (at: Date | undefined) => !at || Date.now() - at.getTime() > graceMs;
  const live = async (keys: string[]) =>
    new Set(
      (
        await sql<{ key: string }[]>`select storage_key as key from uploads where storage_key = any(${keys})
          and (state in ('open', 'received', 'promoting') or reason_code = 'infected')`
      ).map(({ key }) => key),
    );
  for await (const batch of inBatches(listKeys(promoter, bucket, ""))) {
    const known = await live(batch.map(({ key }) => key));
    for (const { key, bytes, modifiedAt } of batch)
      if (!known.has(key) && isOld(modifiedAt))
        yield { bucket: "staging", kind: "object", key, bytes, why: "no upload waits for it" };
  }
  for await (const batch of inBatches(listMultiparts(promoter, bucket))) {
    const known = await live(batch.map(({ key }) => key));
    for (const { key, uploadId, startedAt } of batch)
      if (!known.has(key) && isOld(startedAt))
        yield { bucket: "staging", kind: "parts", key, id: uploadId, bytes: 0, why: "its upload is over" };
  }
}

async function* inMasters({ sql, promoter }: Deps, graceMs: number): AsyncGenerator<Orphan> {
  const bucket = promoter.buckets.masters;
  for await (const batch of inBatches(listVersions(promoter, bucket))) {
    const rows = await sql<{ key: string; id: string | null; state: string; isPurged: boolean }[]>`
      select master_key as key, master_version_id as id, state, purged_at is not null as "isPurged"
      from versions where master_key = any(${batch.map(({ key }) => key)})`;
    const byKey = new Map(rows.map((row) => [row.key, row]));
    for (const { key, versionId, bytes, modifiedAt } of batch) {
      if (modifiedAt && Date.now() - modifiedAt.getTime() <= graceMs) continue;
      const row = byKey.get(key);
      const why = !row
        ? "no version refers to it"
        : row.isPurged
          ? "its version was deleted"
          : row.state !== "promoting" && row.id !== versionId
            ? "its version refers to another copy"
            : undefined;
      if (why) yield { bucket: "masters", kind: "version", key, id: versionId, bytes, why };
    }
  }
}

async function* inPreviews({ sql, custodian }: Deps): AsyncGenerator<Orphan> {
  const bucket = custodian.buckets.previews;
  for await (const batch of inBatches(listKeys(custodian, bucket, "assets/"))) {
    const versionOf = (key: string) => key.split("/")[1] ?? "";
    const ids = [...new Set(batch.map(({ key }) => versionOf(key)))];
    const rows = await sql<{ id: string; prefix: string | null; isBuilding: boolean }[]>`
      select v.id, v.preview ->> 'prefix' as prefix,
        exists (select 1 from preview_jobs j where j.version_id = v.id and j.state in ('queued', 'running')) as "isBuilding"
      from versions v where v.id = any(${ids}) and v.purged_at is null`;
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const { key, bytes } of batch) {
      const row = byId.get(versionOf(key));
      if (!row) yield { bucket: "previews", kind: "object", key, bytes, why: "its version is gone" };
      else if (!row.isBuilding && (row.prefix === null || !key.startsWith(row.prefix)))
        yield { bucket: "previews", kind: "object", key, bytes, why: "another build is shown" };
    }
  }
}

async function* inBatches<T>(all: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const one of all) {
    batch.push(one);
    if (batch.length < LOOKUP) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
