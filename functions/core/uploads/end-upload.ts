import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { abortMultipart } from "../storage/multipart.ts";
import { removeObject } from "../storage/remove.ts";
import { ownUpload } from "./may-upload.ts";
import { giveBack } from "./quota.ts";
import { markEnded, markStagingRemoved, type UploadRow } from "./store.ts";

type Deps = Pick<Resources, "sql" | "promoter" | "log">;

/** Cancels an open upload: its bytes are given back and its parts freed. Cancelling twice changes nothing. */
export async function abortUpload(deps: Deps, actor: Actor, id: string, requestId?: string): Promise<void> {
  const upload = await ownUpload(deps.sql, actor, id);
  if (upload.state === "aborted" || upload.state === "expired") return;
  const isEnded = await end(deps, actor, upload, "aborted", requestId);
  if (!isEnded) refuse("illegal-state", "This upload is complete and can no longer be cancelled.");
}

/** Ends an upload that nobody finished in time. False: it moved on meanwhile. */
export async function expireUpload(deps: Deps, actor: Actor, upload: UploadRow): Promise<boolean> {
  return end(deps, actor, upload, "expired");
}

async function end(
  deps: Deps,
  actor: Actor,
  upload: UploadRow,
  state: "aborted" | "expired",
  requestId?: string,
): Promise<boolean> {
  const isEnded = await inTransaction(deps.sql, async (tx) => {
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
  if (isEnded) await clearStaging(deps, upload);
  return isEnded;
}

/** Frees what an ended upload left in staging. Best effort here: the sweep comes back for the rest. */
export async function clearStaging({ sql, promoter, log }: Deps, upload: UploadRow): Promise<void> {
  const place = { bucket: promoter.buckets.staging, key: upload.storageKey };
  try {
    if (upload.storageUploadId) await abortMultipart(promoter, place, upload.storageUploadId);
    await removeObject(promoter, place);
    await markStagingRemoved(sql, upload.id);
  } catch (error) {
    log.warn({ err: error, uploadId: upload.id }, "staging is not cleared yet; the sweep will try again");
  }
}
