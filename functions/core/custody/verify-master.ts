import { setTimeout as pause } from "node:timers/promises";
import { audit } from "../audit/append.ts";
import { system } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { newId } from "../id.ts";
import { emit } from "../outbox.ts";
import { withdraw } from "../previews/withdraw.ts";
import type { Resources } from "../resources.ts";
import { headObject } from "../storage/read.ts";
import { readAhead } from "../storage/read-ahead.ts";
import { contradiction } from "./client-hashes.ts";
import { type Digests, openDigest } from "./digest.ts";
import { placeOf } from "./read-custody.ts";
import { findMaster, insertVerification, type Master, storeDigests } from "./store.ts";
import { ensureManifest, writeGeneration } from "./write-manifest.ts";

export interface Verified {
  isIntact: boolean;
  /** Why not, in words. */
  fault: string | null;
}

export interface Pace {
  /** Bytes per second at most, so that a check of everything does not starve the rest. */
  bytesPerSecond: number;
}

/**
 * Reads one master from end to end, computes the three hashes and compares them with what is on record: the hashes of
 * the client, and the first full read. Intact or not, the result is kept, and a new MHL generation says so. A mismatch
 * fails the version with `master.mismatch`; nobody is shown bytes that changed.
 */
export async function verifyMaster(
  deps: Pick<Resources, "sql" | "promoter" | "log">,
  versionId: string,
  cause: "schedule" | "request",
  { pace, signal }: { pace?: Pace; signal?: AbortSignal } = {},
): Promise<Verified | undefined> {
  const { sql, promoter } = deps;
  const master = await findMaster(sql, versionId);
  if (!master?.storageVersionId) return undefined;
  const place = placeOf(promoter.buckets.masters, master);
  const head = await headObject(promoter, place);
  const digests = head && head.bytes === master.bytes ? await digestOf(deps, master, pace, signal) : null;
  const fault = faultOf(master, head?.bytes, digests);
  await inTransaction(sql, async (tx) => {
    await insertVerification(tx, {
      id: newId("verification"),
      versionId,
      cause,
      bytes: head?.bytes ?? 0,
      digests,
      fault,
    });
    if (digests && !fault) await storeDigests(tx, versionId, digests);
    if (fault) await quarantine(tx, master, fault);
  });
  if (digests) {
    const now = (await findMaster(sql, versionId)) ?? master;
    if (now.c4 && now.xxh128) {
      await ensureManifest(deps, now);
      if (master.c4) await writeGeneration(deps, now, digests);
    }
  }
  return { isIntact: fault === null, fault };
}

async function digestOf(
  { promoter }: Pick<Resources, "promoter">,
  master: Master,
  pace: Pace | undefined,
  signal: AbortSignal | undefined,
): Promise<Digests> {
  const digest = await openDigest();
  const startedAt = performance.now();
  let bytes = 0;
  for await (const chunk of readAhead(promoter, placeOf(promoter.buckets.masters, master), master.bytes)) {
    signal?.throwIfAborted();
    digest.update(chunk);
    bytes += chunk.byteLength;
    if (!pace) continue;
    const aheadMs = (bytes / pace.bytesPerSecond) * 1000 - (performance.now() - startedAt);
    if (aheadMs > 0) await pause(aheadMs, undefined, signal ? { signal } : {});
  }
  return digest.finish();
}

function faultOf(master: Master, bytes: number | undefined, digests: Digests | null): string | null {
  if (bytes === undefined) return "The storage no longer has this master.";
  if (!digests) return `The master has ${bytes} bytes; ${master.bytes} were recorded.`;
  const differs = contradiction(master.clientHashes, digests);
  if (differs) return `The ${differs.name} of the master is not the one announced at the upload.`;
  if (master.sha256 && digests.sha256 !== master.sha256)
    return "The SHA-256 of the master is not the one of the first full read.";
  if (master.c4 && digests.c4 !== master.c4) return "The C4 of the master is not the recorded one.";
  return null;
}

async function quarantine(
  tx: Parameters<typeof insertVerification>[0],
  master: Master,
  fault: string,
): Promise<void> {
  const reason = `${fault} The file is set apart. Ask the person who uploaded it for the original, and an administrator to look at the storage.`;
  await tx`update versions set state = 'failed', reason_code = 'master-mismatch', reason = ${reason}, updated_at = now()
    where id = ${master.id} and state <> 'promoting'`;
  await withdraw(tx, master.id);
  await tx`update preview_jobs set state = 'cancelled', finished_at = now()
    where version_id = ${master.id} and state in ('queued', 'running')`;
  await emit(tx, {
    projectId: master.projectId,
    type: "master.mismatch",
    data: { versionId: master.id, assetId: master.assetId, reason: fault },
  });
  await audit(tx, system, {
    projectId: master.projectId,
    action: "master.quarantined",
    subject: master.id,
    detail: { fault },
  });
}
