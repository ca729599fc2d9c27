import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import { emit } from "../outbox.ts";
import type { RefusalCode } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { clearStaging } from "./end-upload.ts";
import { giveBack } from "./quota.ts";
import { markRefused, type UploadRow } from "./store.ts";

/**
 * Turns a received upload down for good: reason and cure are kept, the quota is given back, the object removed.
 * What a scanner found stays in staging as evidence until the sweep, where no reader's key reaches.
 */
export async function refuseUpload(
  deps: Pick<Resources, "sql" | "promoter" | "log">,
  actor: Actor,
  upload: UploadRow,
  why: { code: RefusalCode; reason: string },
  trace: { requestId?: string } = {},
): Promise<boolean> {
  const isRefused = await inTransaction(deps.sql, async (tx) => {
    if (!(await markRefused(tx, upload.id, ["received", "promoting"], why))) return false;
    await giveBack(tx, upload.projectId, upload.bytes);
    await emit(tx, {
      projectId: upload.projectId,
      type: "upload.refused",
      data: {
        uploadId: upload.id,
        name: upload.name,
        reasonCode: why.code,
        reason: why.reason,
        ...(upload.version ? { versionId: upload.version.id, assetId: upload.version.assetId } : {}),
      },
    });
    if (upload.version)
      await tx`update versions set state = 'failed', reason_code = ${why.code}, reason = ${why.reason}, updated_at = now()
        where id = ${upload.version.id} and state = 'promoting'`;
    await audit(tx, actor, {
      projectId: upload.projectId,
      action: "upload.refused",
      subject: upload.version?.id ?? upload.id,
      detail: { uploadId: upload.id, name: upload.name, code: why.code, reason: why.reason },
      ...(trace.requestId ? { requestId: trace.requestId } : {}),
    });
    return true;
  });
  if (isRefused && why.code !== "infected") await clearStaging(deps, upload);
  return isRefused;
}
