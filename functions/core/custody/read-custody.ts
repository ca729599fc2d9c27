import type { z } from "zod";
import type { custody } from "../assets/asset.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { Lock } from "../storage/copy.ts";
import { isAbsent } from "../storage/faults.ts";
import { readHold, readLock } from "../storage/lock.ts";
import { chainOf, findMaster, generationsOf, type Master } from "./store.ts";

export type Custody = z.infer<typeof custody>;
type Json = z.infer<ReturnType<typeof z.json>>;

/** What we hold, how it is locked as the storage says it now, and everything that happened to it. */
export async function readCustody(
  deps: Pick<Resources, "sql" | "promoter">,
  actor: Actor,
  versionId: string,
): Promise<Custody> {
  const master = await findMaster(deps.sql, versionId);
  if (!master) notFound("version");
  await need(deps.sql, actor, master.projectId, "watch", "version");
  const [stored, chain, generations] = await Promise.all([
    lockNow(deps, master),
    chainOf(deps.sql, master),
    generationsOf(deps.sql, versionId),
  ]);
  return {
    versionId: master.id,
    hashes: {
      sha256: master.sha256,
      xxh128: master.xxh128,
      c4: master.c4,
      client: master.clientHashes.sha256,
      clientXxh128: master.clientHashes.xxh128,
    },
    storage: {
      key: master.key,
      versionId: master.storageVersionId,
      etag: master.etag,
      bytes: master.bytes,
      missing: stored.isMissing,
    },
    lock: stored.lock
      ? {
          mode: stored.lock.mode,
          until: stored.lock.until.toISOString(),
          readAt: stored.readAt.toISOString(),
        }
      : null,
    legalHold: {
      on: stored.isHeld,
      reason: stored.isHeld ? master.holdReason : null,
      placedBy: stored.isHeld ? master.holdPlacedByName : null,
    },
    manifest: (master.manifest ?? null) as Json,
    verifiedAt: master.verifiedAt?.toISOString() ?? null,
    generations: generations.map(({ generation, fileName, createdAt }) => ({
      generation,
      fileName,
      createdAt: createdAt.toISOString(),
    })),
    chain: chain.map((entry) => ({
      at: entry.at.toISOString(),
      actor: { kind: entry.actorKind, id: entry.actorId, name: entry.actorName },
      action: entry.action,
      detail: entry.detail as Record<string, Json>,
    })),
  };
}

interface LockNow {
  lock: Lock | undefined;
  isHeld: boolean;
  readAt: Date;
  /** What is said of lock and hold is then what our row says, so that nothing becomes free by being lost. */
  isMissing: boolean;
}

/** The storage's own word, not our row's, as long as it has the master. */
export async function lockNow({ promoter }: Pick<Resources, "promoter">, master: Master): Promise<LockNow> {
  const readAt = new Date();
  if (!master.storageVersionId) return { lock: undefined, isHeld: false, readAt, isMissing: false };
  const place = placeOf(promoter.buckets.masters, master);
  try {
    const [lock, isHeld] = await Promise.all([readLock(promoter, place), readHold(promoter, place)]);
    return { lock, isHeld, readAt, isMissing: false };
  } catch (error) {
    if (!isAbsent(error)) throw error;
    const { lockMode: mode, lockUntil: until, legalHold: isHeld, lockReadAt } = master;
    const lock = mode && until ? { mode, until } : undefined;
    return { lock, isHeld, readAt: lockReadAt ?? readAt, isMissing: true };
  }
}

/** For what can only be done to a master that the storage has. */
export function refuseMissing(error: unknown): never {
  if (!isAbsent(error)) throw error;
  refuse(
    "illegal-state",
    "The storage does not have this master any more, so nothing about it can be changed. Ask an administrator to look at the storage; what is on record stays.",
  );
}

export function placeOf(bucket: string, master: Pick<Master, "key" | "storageVersionId">) {
  return { bucket, key: master.key, versionId: master.storageVersionId ?? "" };
}
