import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { inTransaction, type Pool } from "../db/db.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { abortMultipart } from "../storage/multipart.ts";
import { removeObject } from "../storage/remove.ts";
import { ownUpload } from "./may-upload.ts";
import { giveBack } from "./quota.ts";
import { markEnded, markStagingRemoved, type UploadRow } from "./store.ts";
import { uploadRevision } from "./upload.ts";

type Deps = Pick<Resources, "sql" | "promoter" | "log">;

/**
 * Cancels an open upload: its bytes are given back and its parts freed. Cancelling twice changes nothing. An object
 * that had arrived whole is left to the sweep, since the presigner's key cannot delete.
 */
export async function abortUpload(
  deps: Pick<Resources, "sql" | "presigner" | "log">,
  actor: Actor,
  id: string,
  expected: number | undefined,
  requestId?: string,
): Promise<void> {
  const upload = await ownUpload(deps.sql, actor, id);
  if (expected !== undefined && expected !== uploadRevision(upload.state))
    refuse("stale", `This upload is ${upload.state} since you read it.`);
  if (upload.state === "aborted" || upload.state === "expired") return;
  const isEnded = await end(deps.sql, actor, upload, "aborted", requestId);
  if (!isEnded) refuse("illegal-state", "This upload is complete and can no longer be cancelled.");
  if (!upload.storageUploadId) return;
  const place = { bucket: deps.presigner.buckets.staging, key: upload.storageKey };
  await abortMultipart(deps.presigner, place, upload.storageUploadId).catch((error: unknown) =>
    deps.log.warn({ err: error, uploadId: upload.id }, "parts are not freed yet; the sweep will try again"),
  );
}

/** Ends an upload that nobody finished in time. False: it moved on meanwhile. */
export async function expireUpload(deps: Deps, actor: Actor, upload: UploadRow): Promise<boolean> {
  const isEnded = await end(deps.sql, actor, upload, "expired");
  if (isEnded) await clearStaging(deps, upload);
  return isEnded;
}

async function end(
  sql: Pool,
  actor: Actor,
  upload: UploadRow,
  state: "aborted" | "expired",
  requestId?: string,
): Promise<boolean> {
  return inTransaction(sql, async (tx) => {
    if (!(await markEnded(tx, upload.id, state))) return false;
    await giveBack(tx, upload.projectId, upload.bytes);
    await audit(tx, actor, {
      projectId: upload.projectId,
      action: `upload.${state}`,
      subject: upload.id,
      detail: { name: upload.name, bytes: upload.bytes },
      ...(requestId ? { requestId } : {}),
    });
    return true;
  });
}

/** Frees what an ended upload left in staging. Best effort here: the sweep comes back for the rest. */
export async function clearStaging({ sql, promoter, log }: Deps, upload: UploadRow): Promise<void> {
  const place = { bucket: promoter.buckets.staging, key: upload.storageKey };
  try {
    const isComplete = upload.etag !== null; // its parts became the object
    if (upload.storageUploadId && !isComplete) await abortMultipart(promoter, place, upload.storageUploadId);
    await removeObject(promoter, place);
    await markStagingRemoved(sql, upload.id);
  } catch (error) {
    log.warn({ err: error, uploadId: upload.id }, "staging is not cleared yet; the sweep will try again");
  }
}
