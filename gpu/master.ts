import { open } from "node:fs/promises";
import { contradiction } from "#core/custody/client-hashes.ts";
import { openDigest } from "#core/custody/digest.ts";
import { BuildFailure, type Claim, type Hashes } from "#core/previews/job.ts";
import { headObject, readRange } from "#core/storage/read.ts";
import { readAhead } from "#core/storage/read-ahead.ts";
import type { Storage } from "#core/storage/storage.ts";
import { freeBytes, ScratchFull } from "./scratch.ts";

/** The locked object behind a version, pinned to the storage version that was locked. */
export interface Master {
  bytes: number;
  /** The bytes in order, from a position. */
  read(from?: number): AsyncGenerator<Uint8Array>;
  range(from: number, length: number): Promise<Uint8Array>;
}

export async function openMaster(storage: Storage, claim: Claim): Promise<Master> {
  const place = {
    bucket: storage.buckets.masters,
    key: claim.master.key,
    ...(claim.master.storageVersionId ? { versionId: claim.master.storageVersionId } : {}),
  };
  const head = await headObject(storage, place);
  if (!head) {
    throw new BuildFailure(
      "master-missing",
      "The master is not in the storage. Tell your administrator; the upload itself has to be repeated.",
    );
  }
  if (head.bytes !== claim.master.bytes) {
    throw new BuildFailure(
      "master-mismatch",
      `The master has ${head.bytes} bytes, ${claim.master.bytes} were uploaded. The version is quarantined: upload the file again.`,
    );
  }
  return {
    bytes: head.bytes,
    read: (from = 0) => readAhead(storage, place, head.bytes, from),
    range: (from, length) => readRange(storage, place, from, from + length - 1),
  };
}

/** Compares what was read with what the client sent and what earlier reads found. */
export function checkHashes(claim: Claim, hashes: Hashes): void {
  const bySender = contradiction(claim.clientHashes, hashes);
  const found = bySender ?? contradiction({ sha256: claim.knownSha256, xxh128: null }, hashes);
  if (!found) return;
  const whose = bySender ? "the sender computed" : "an earlier check found";
  throw new BuildFailure(
    "master-mismatch",
    `The master's ${found.name} is ${found.other.slice(0, 12)}…, ${whose} ${found.said.slice(0, 12)}…. The version is quarantined: compare with the original file and upload it again.`,
  );
}

/** Reads the whole master once: hashed, and written to `path` when one is given. */
export async function readMaster(
  master: Master,
  signal: AbortSignal,
  path?: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<Hashes> {
  if (path && (await freeBytes(path.slice(0, path.lastIndexOf("/")))) < master.bytes * 1.2) {
    throw new ScratchFull("the scratch disk has no room for this master");
  }
  const digest = await openDigest();
  const file = path ? await open(path, "wx", 0o600) : undefined;
  try {
    let got = 0;
    for await (const chunk of master.read()) {
      signal.throwIfAborted();
      // Writing and hashing overlap: the disk works while the processor does.
      const written = file?.write(chunk);
      digest.update(chunk);
      await written;
      got += chunk.byteLength;
      onBytes(got);
    }
    return digest.finish();
  } finally {
    await file?.close();
  }
}
