import { system } from "../auth/actor.ts";
import { publishLive } from "../events/live.ts";
import type { RefusalCode } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { isFull } from "../storage/faults.ts";
import { LockNotKept } from "../storage/lock.ts";
import { abortMultipart } from "../storage/multipart.ts";
import { clearStaging } from "../uploads/end-upload.ts";
import { changedReason } from "../uploads/receive-upload.ts";
import { refuseUpload } from "../uploads/refuse-upload.ts";
import { findUpload, setWaiting } from "../uploads/store.ts";
import { type CopyLimits, copyLimits } from "./copy-plan.ts";
import {
  beatCopy,
  COPY_LEASE_MS,
  type CopyClaim,
  CopyLost,
  leaveCopy,
  recordMaster,
  takeCopy,
} from "./copy-store.ts";
import { lockMaster } from "./lock-master.ts";
import { makeMaster, remakeMaster, SourceChanged, SourceGone } from "./make-master.ts";
import { scanStaged } from "./scan-staged.ts";
import { ScannerDown } from "./scan-verdict.ts";

export type CopyDeps = Pick<Resources, "sql" | "redis" | "promoter" | "config" | "log">;

/** `waiting`: nothing is wrong with the file, but it cannot move on now. `lost`: another copier took over. */
export type CopyOutcome = "mastered" | "refused" | "over" | "busy" | "waiting" | "lost";

/** After this many attempts a storage that keeps no lock is a fact to tell people, not a hiccup. */
const LOCK_ATTEMPTS = 4;

const NO_ROOM =
  "The storage is full. Nothing is lost: the copy goes on by itself as soon as an administrator has made room.";

/**
 * Brings one version from staging to the masters: scan, copy with the source pinned before and after, lock, read the
 * lock back, and only then `mastered`. Safe to run any number of times and to kill at any moment: finished parts and
 * the storage version are remembered, and a fence keeps a second copier from writing.
 */
export async function copyToMaster(
  deps: CopyDeps,
  versionId: string,
  { signal, limits = copyLimits }: { signal?: AbortSignal; limits?: CopyLimits } = {},
): Promise<CopyOutcome> {
  const claim = await takeCopy(deps.sql, versionId);
  if (claim === "busy" || claim === "over") return claim;
  const lost = new AbortController();
  const stop = signal ? AbortSignal.any([signal, lost.signal]) : lost.signal;
  const heartbeat = setInterval(() => {
    beatCopy(deps.sql, claim).catch((error: unknown) => {
      if (error instanceof CopyLost) lost.abort(error);
    });
  }, COPY_LEASE_MS / 4);
  try {
    return await bringOver(deps, claim, limits, stop);
  } catch (error) {
    if (error instanceof CopyLost || lost.signal.aborted) return "lost";
    const why = whyFinal(error, claim);
    if (why) return await turnDown(deps, claim, why);
    const waitsFor = error instanceof ScannerDown ? error.message : isFull(error) ? NO_ROOM : undefined;
    if (waitsFor) {
      deps.log.warn({ err: error, versionId }, "the copy has to wait");
      await setWaiting(deps.sql, claim.uploadId, waitsFor);
      return "waiting";
    }
    if (claim.attempt > 1 && !stop.aborted)
      await setWaiting(
        deps.sql,
        claim.uploadId,
        "The storage does not take the copy at the moment. Nothing is lost; it goes on by itself.",
      ).catch(() => {}); // a word on the page, no more
    throw error;
  } finally {
    clearInterval(heartbeat);
    await leaveCopy(deps.sql, claim).catch(() => {}); // its lease runs out as well
  }
}

async function bringOver(
  deps: CopyDeps,
  claim: CopyClaim,
  limits: CopyLimits,
  signal: AbortSignal,
): Promise<CopyOutcome> {
  const found = await scanStaged(deps, claim, signal);
  if (found)
    return turnDown(deps, claim, {
      code: "infected",
      reason: `The scanner found ${found} in this file. It is kept apart and deleted after some days. Clean the file and upload it again.`,
    });
  const master = await makeMaster(deps, claim, { limits, signal, onProgress: tell(deps, claim) });
  if (claim.masterVersionId !== master.storageVersionId) await recordMaster(deps.sql, claim, master);
  const isMastered = await lockMaster(deps, claim, master).catch(async (error: unknown) => {
    if (!(error instanceof LockNotKept) || !error.isWrongMode) throw error;
    const remade = await remakeMaster(deps, claim, signal);
    if (!remade) throw error;
    await recordMaster(deps.sql, claim, remade);
    return lockMaster(deps, claim, remade);
  });
  if (!isMastered) return "over";
  const upload = await findUpload(deps.sql, claim.uploadId);
  if (upload) await clearStaging(deps, upload);
  return "mastered";
}

/** Tells who watches the project how far the copy is; the row keeps it for who comes later. */
function tell({ sql, redis }: CopyDeps, claim: CopyClaim) {
  return async (bytesDone: number): Promise<void> => {
    await beatCopy(sql, claim, bytesDone);
    await publishLive(redis, claim.projectId, {
      type: "promote.progress",
      data: {
        uploadId: claim.uploadId,
        versionId: claim.versionId,
        assetId: claim.assetId,
        progress: bytesDone / claim.bytes,
      },
    });
  };
}

/** What trying again cannot cure. */
function whyFinal(error: unknown, claim: CopyClaim): { code: RefusalCode; reason: string } | undefined {
  if (error instanceof SourceChanged) return { code: "conflict", reason: changedReason };
  if (error instanceof SourceGone)
    return {
      code: "upload-refused",
      reason: "The file is no longer in staging, so there is nothing to copy. Upload it again.",
    };
  if (error instanceof LockNotKept && claim.attempt >= LOCK_ATTEMPTS)
    return {
      code: "upload-refused",
      reason: `The storage does not keep the lock that this project asks for: ${error.message}. Nothing became a master. Ask an administrator to compare the project's lock mode with the bucket's default, then upload again.`,
    };
  return undefined;
}

async function turnDown(
  deps: CopyDeps,
  claim: CopyClaim,
  why: { code: RefusalCode; reason: string },
): Promise<CopyOutcome> {
  const upload = await findUpload(deps.sql, claim.uploadId);
  if (upload) await refuseUpload(deps, system, upload, why);
  if (claim.copy) {
    const place = { bucket: deps.promoter.buckets.masters, key: claim.masterKey };
    await abortMultipart(deps.promoter, place, claim.copy.uploadId).catch(() => {}); // the bucket's rule ends it too
  }
  return "refused";
}
