import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need, needOnVersion } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { countDownload } from "../shares/open-share.ts";
import { signUrl } from "../storage/sign.ts";
import { attachment } from "./safe-name.ts";
import { findMaster, type Master } from "./store.ts";

/** A download of hours may go on: the storage looks at the clock when it starts. */
const URL_SECONDS = 900;

/** A short-lived URL for exactly this master, named as it was uploaded. */
export async function signDownload(
  deps: Pick<Resources, "sql" | "downloader">,
  actor: Actor,
  versionId: string,
  requestId?: string,
): Promise<{ url: string; expiresAt: string }> {
  const { sql, downloader } = deps;
  const master = await findMaster(sql, versionId);
  if (!master) notFound("version");
  await needDownload(deps, actor, master);
  if (!master.storageVersionId || !master.lockMode)
    refuse("illegal-state", "There is no master yet. Wait until it is copied and locked.");
  const url = await signUrl(
    downloader,
    {
      method: "GET",
      bucket: downloader.buckets.masters,
      key: master.key,
      query: {
        versionId: master.storageVersionId,
        "response-content-disposition": attachment(master.name),
        "response-content-type": master.contentType,
      },
    },
    URL_SECONDS,
  );
  await inTransaction(sql, async (tx) => {
    if (actor.kind === "guest") await countDownload({ sql: tx as typeof sql }, actor, versionId);
    await audit(tx, actor, {
      projectId: master.projectId,
      action: "master.downloaded",
      subject: versionId,
      ...(requestId ? { requestId } : {}),
    });
  });
  return { url, expiresAt: new Date(Date.now() + URL_SECONDS * 1000).toISOString() };
}

/** Editors always, reviewers where the project allows it, guests where their link does. */
async function needDownload({ sql }: Pick<Resources, "sql">, actor: Actor, master: Master): Promise<void> {
  if (actor.kind === "guest") {
    await needOnVersion(sql, actor, master, "download");
    return;
  }
  const role = await need(sql, actor, master.projectId, "watch", "version");
  if (role === "viewer" || (role === "reviewer" && !master.reviewersMayDownload))
    refuse(
      "forbidden",
      role === "viewer"
        ? "Viewers watch; the master is for editors and managers."
        : "This project does not let reviewers download masters. Ask a manager.",
    );
}
