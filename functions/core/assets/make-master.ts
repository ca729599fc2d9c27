import type { Resources } from "../resources.ts";
import { copyObject, copyPart, type Lock, putLocked } from "../storage/copy.ts";
import { isPreconditionFailed } from "../storage/faults.ts";
import { completeMultipart, listParts, type Part, startMultipart } from "../storage/multipart.ts";
import { type Head, headObject } from "../storage/read.ts";
import { type CopyLimits, planCopy, type Range, rangesOf, SINGLE_COPY_LIMIT_BYTES } from "./copy-plan.ts";
import { type CopyClaim, copiedParts, recordCopyPart, recordCopyUpload } from "./copy-store.ts";
import { lockWanted } from "./lock-master.ts";

export class SourceChanged extends Error {
  override name = "SourceChanged";
}
export class SourceGone extends Error {
  override name = "SourceGone";
}

export interface Master {
  storageVersionId: string;
  etag: string;
}

interface How {
  limits: CopyLimits;
  signal: AbortSignal;
  /** Called with the bytes copied so far; throws when the copy is no longer ours. */
  onProgress: (bytesDone: number) => Promise<void>;
}

type Deps = Pick<Resources, "sql" | "promoter">;

/**
 * Makes sure there is one complete object under the master's key and answers its storage version. A copy that an
 * earlier attempt finished without telling anyone is recognised, not repeated. The source must have the pinned size
 * and ETag before and after: some storages ignore the condition on the copy itself.
 */
export async function makeMaster(deps: Deps, claim: CopyClaim, how: How): Promise<Master> {
  const { promoter } = deps;
  const to = { bucket: promoter.buckets.masters, key: claim.masterKey };
  if (claim.masterVersionId) {
    const known = await headObject(promoter, { ...to, versionId: claim.masterVersionId });
    if (known && isWhole(known, claim)) return { storageVersionId: claim.masterVersionId, etag: known.etag };
  }
  const [earlier] = await Promise.all([headObject(promoter, to), checkSource(deps, claim)]);
  const plan = planCopy(claim.bytes, how.limits);
  if (!earlier || !isWhole(earlier, claim)) {
    const lock = await lockWanted(promoter, claim);
    try {
      if (plan.kind === "single") await copyWhole(deps, claim, lock, how);
      else await copyInParts(deps, claim, plan.partBytes, lock, how);
    } catch (error) {
      if (isPreconditionFailed(error)) throw new SourceChanged(claim.staged.key);
      throw error;
    }
  }
  const made = await headObject(promoter, to);
  if (!made || !isWhole(made, claim))
    throw new Error(`the copy has ${made?.bytes ?? "no"} bytes instead of ${claim.bytes}`);
  if (!made.versionId || made.versionId === "null")
    throw new Error("the masters bucket keeps no versions; Object Lock needs them");
  return { storageVersionId: made.versionId, etag: made.etag };
}

/**
 * Makes the object again in one put that carries its lock, after a copy was born under the wrong mode. Undefined when
 * it is too large for one put. The first copy stays behind as an older storage version until its own lock is over.
 */
export async function remakeMaster(
  deps: Deps,
  claim: CopyClaim,
  signal: AbortSignal,
): Promise<Master | undefined> {
  const { promoter } = deps;
  if (claim.bytes > SINGLE_COPY_LIMIT_BYTES) return undefined;
  const to = { bucket: promoter.buckets.masters, key: claim.masterKey };
  await checkSource(deps, claim);
  await putLocked(
    promoter,
    {
      from: sourceOf(deps, claim),
      to,
      bytes: claim.bytes,
      contentType: claim.contentType,
      storageClass: claim.policy.storageClass,
      lock: await lockWanted(promoter, claim),
    },
    signal,
  );
  const made = await headObject(promoter, to);
  if (!made || !isWhole(made, claim) || !made.versionId) throw new Error("the second copy is not whole");
  return { storageVersionId: made.versionId, etag: made.etag };
}

/** Same size, and the same MD5 where both ETags are one (an ETag with a dash is not). */
function isWhole(head: Head, claim: CopyClaim): boolean {
  if (head.bytes !== claim.bytes) return false;
  const isPlain = !head.etag.includes("-") && !claim.staged.etag.includes("-");
  return !isPlain || head.etag === claim.staged.etag;
}

async function checkSource({ promoter }: Deps, claim: CopyClaim): Promise<void> {
  const head = await headObject(promoter, { bucket: promoter.buckets.staging, key: claim.staged.key });
  if (!head) throw new SourceGone(claim.staged.key);
  if (head.bytes !== claim.bytes || head.etag !== claim.staged.etag)
    throw new SourceChanged(claim.staged.key);
}

const sourceOf = ({ promoter }: Deps, claim: CopyClaim) => ({
  bucket: promoter.buckets.staging,
  key: claim.staged.key,
  etag: claim.staged.etag,
});

async function copyWhole(deps: Deps, claim: CopyClaim, lock: Lock, { signal, onProgress }: How) {
  const { promoter } = deps;
  await copyObject(
    promoter,
    {
      from: sourceOf(deps, claim),
      to: { bucket: promoter.buckets.masters, key: claim.masterKey },
      contentType: claim.contentType,
      storageClass: claim.policy.storageClass,
      lock,
    },
    signal,
  );
  await Promise.all([checkSource(deps, claim), onProgress(claim.bytes)]);
}

async function copyInParts(deps: Deps, claim: CopyClaim, wantedPartBytes: number, lock: Lock, how: How) {
  const { sql, promoter } = deps;
  const to = { bucket: promoter.buckets.masters, key: claim.masterKey };
  let copy = claim.copy;
  let held: Part[] | undefined;
  if (copy) held = await listParts(promoter, to, copy.uploadId);
  if (!copy || !held) {
    const uploadId = await startMultipart(promoter, to, {
      contentType: claim.contentType,
      storageClass: claim.policy.storageClass,
      lock,
    });
    copy = { uploadId, partBytes: wantedPartBytes };
    await recordCopyUpload(sql, claim, copy);
    held = [];
  }
  const ranges = rangesOf(claim.bytes, copy.partBytes);
  const done = await finishedParts(deps, claim, copy.uploadId, ranges, held);
  let bytesDone = 0;
  for (const range of ranges) if (done.has(range.partNumber)) bytesDone += range.last - range.first + 1;
  const todo = ranges.filter(({ partNumber }) => !done.has(partNumber));
  const { uploadId } = copy;
  const failed = new AbortController();
  const signal = AbortSignal.any([how.signal, failed.signal]);
  const lanes = Array.from({ length: Math.min(how.limits.parallel, todo.length) }, async () => {
    for (let range = todo.shift(); range; range = todo.shift()) {
      signal.throwIfAborted();
      const etag = await copyPart(promoter, { from: sourceOf(deps, claim), to, uploadId, ...range }, signal);
      done.set(range.partNumber, etag);
      bytesDone += range.last - range.first + 1;
      await Promise.all([
        recordCopyPart(sql, claim, { uploadId, partNumber: range.partNumber, etag }),
        how.onProgress(bytesDone),
      ]);
    }
  });
  try {
    await Promise.all(lanes);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(lanes);
    throw error;
  }
  const parts = ranges.map(({ partNumber }) => ({ partNumber, etag: done.get(partNumber) ?? "" }));
  await checkSource(deps, claim);
  await completeMultipart(promoter, to, uploadId, parts);
}

/** Parts that we recorded and the storage still holds in full, with the ETag both know. */
async function finishedParts(
  { sql }: Deps,
  claim: CopyClaim,
  uploadId: string,
  ranges: Range[],
  held: Part[],
): Promise<Map<number, string>> {
  if (held.length === 0) return new Map();
  const recorded = new Map(
    (await copiedParts(sql, claim.versionId, uploadId)).map(({ partNumber, etag }) => [partNumber, etag]),
  );
  const lengths = new Map(ranges.map(({ partNumber, first, last }) => [partNumber, last - first + 1]));
  return new Map(
    held
      .filter(
        ({ partNumber, etag, bytes }) =>
          recorded.get(partNumber) === etag && lengths.get(partNumber) === bytes,
      )
      .map(({ partNumber, etag }) => [partNumber, etag]),
  );
}
