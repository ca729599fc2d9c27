import {
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import type { Lock } from "./copy.ts";
import { statusOf } from "./faults.ts";
import type { Place } from "./read.ts";
import type { Storage } from "./storage.ts";

type Version = Place & { versionId: string };

const at = ({ bucket, key, versionId }: Version) => ({ Bucket: bucket, Key: key, VersionId: versionId });

/** The storage said something else than we asked it to keep. Nothing may count as locked on its word. */
export class LockNotKept extends Error {
  override name = "LockNotKept";
  /** The object was born under another mode, and only a new one can have the mode that is wanted. */
  readonly isWrongMode: boolean;
  constructor(message: string, isWrongMode = false) {
    super(message);
    this.isWrongMode = isWrongMode;
  }
}

const noLockNames = new Set([
  "NoSuchObjectLockConfiguration",
  "ObjectLockConfigurationNotFoundError",
  "InvalidRequest",
]);

/** The lock as the storage has it now; undefined when this version has none. */
export async function readLock({ s3 }: Storage, version: Version): Promise<Lock | undefined> {
  try {
    const { Retention } = await s3.send(new GetObjectRetentionCommand(at(version)));
    if (!Retention?.Mode || !Retention.RetainUntilDate) return undefined;
    return { mode: Retention.Mode, until: Retention.RetainUntilDate };
  } catch (error) {
    if (noLockNames.has((error as Error).name)) return undefined;
    throw error;
  }
}

/**
 * Sets the lock on exactly this version and reads it back; throws `LockNotKept` unless mode and date are there.
 * A lock that already reaches further is left as it is: locks are extended, never shortened.
 */
export async function setLock(storage: Storage, version: Version, wanted: Lock): Promise<Lock> {
  const before = await readLock(storage, version);
  if (before && before.mode === wanted.mode && before.until >= wholeSecond(wanted.until)) return before;
  try {
    await storage.s3.send(
      new PutObjectRetentionCommand({
        ...at(version),
        Retention: { Mode: wanted.mode, RetainUntilDate: wanted.until },
      }),
    );
  } catch (error) {
    if (before && before.mode !== wanted.mode && statusOf(error) === 403)
      throw new LockNotKept(
        `the storage locked the master in ${before.mode} and does not let it become ${wanted.mode}`,
        true,
      );
    throw error;
  }
  const after = await readLock(storage, version);
  if (after?.mode !== wanted.mode || after.until < wholeSecond(wanted.until))
    throw new LockNotKept(
      `asked for ${wanted.mode} until ${wanted.until.toISOString()}, the storage has ${after ? `${after.mode} until ${after.until.toISOString()}` : "no lock"}`,
    );
  return after;
}

/** Storages keep seconds; some drop the rest. */
const wholeSecond = (date: Date) => new Date(Math.floor(date.getTime() / 1000) * 1000);

export async function readHold({ s3 }: Storage, version: Version): Promise<boolean> {
  try {
    const { LegalHold } = await s3.send(new GetObjectLegalHoldCommand(at(version)));
    return LegalHold?.Status === "ON";
  } catch (error) {
    if (noLockNames.has((error as Error).name)) return false;
    throw error;
  }
}

/** Places or lifts the hold and reads it back; throws `LockNotKept` when the storage does not follow. */
export async function setHold(storage: Storage, version: Version, isOn: boolean): Promise<void> {
  await storage.s3.send(
    new PutObjectLegalHoldCommand({ ...at(version), LegalHold: { Status: isOn ? "ON" : "OFF" } }),
  );
  if ((await readHold(storage, version)) !== isOn)
    throw new LockNotKept(`the storage did not ${isOn ? "place" : "lift"} the legal hold`);
}
