import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Client, Refused } from "./client.ts";
import { type Found, openFolders } from "./files.ts";
import type { Memory } from "./memory.ts";
import { bytesText, type Report } from "./report.ts";
import { type Uploaded, uploadFile } from "./upload-file.ts";

export interface Deps {
  client: Client;
  memory: Memory;
  report: Report;
}

export interface UploadAll {
  projectId: string;
  assetId?: string;
  parallel: number;
  signal: AbortSignal;
  isFlat: boolean;
  waitFor: "accepted" | "locked" | "ready";
}

const POLL_MS = 1_000;

/** Uploads files one after the other, each with parallel parts. Refused files do not stop the rest; answers 1 if any was. */
export async function uploadAll(deps: Deps, files: Found[], how: UploadAll): Promise<number> {
  const { report } = deps;
  const folderOf = openFolders(deps.client, how.projectId);
  let refused = 0;
  for (const file of files) {
    if (file.bytes === 0) {
      refused += 1;
      report.line(`${file.path}: empty, left out`, { event: "refused", file: file.path, code: "empty" });
      continue;
    }
    try {
      const folderId = how.isFlat ? undefined : await folderOf(file.folders);
      const sent = await uploadFile(deps, file, {
        projectId: how.projectId,
        parallel: how.parallel,
        signal: how.signal,
        ...(folderId ? { folderId } : {}),
        ...(how.assetId ? { assetId: how.assetId } : {}),
      });
      const reached = await waitUntil(deps, sent, how);
      report.line(`${file.path}: ${reached} as ${sent.versionId} (${bytesText(file.bytes)})`, {
        event: "uploaded",
        file: file.path,
        bytes: file.bytes,
        state: reached,
        ...sent,
      });
    } catch (error) {
      how.signal.throwIfAborted();
      if (!(error instanceof Refused) || error.status === 401 || error.status === 0) throw error;
      refused += 1;
      report.line(`${basename(file.path)}: refused. ${error.message}`, {
        event: "refused",
        file: file.path,
        code: error.code,
        message: error.message,
      });
    }
  }
  return refused === 0 ? 0 : 1;
}

/** Follows a promotion as far as the caller wants to wait; a refusal on the way is thrown with its reason. */
async function waitUntil({ client, report }: Deps, sent: Uploaded, how: UploadAll): Promise<string> {
  if (how.waitFor === "accepted") return "accepted";
  let said: string | null = null;
  for (;;) {
    const upload = await client.get<{
      state: string;
      reason: string | null;
      reasonCode: string | null;
      waiting: string | null;
    }>(`/presign/${sent.uploadId}`);
    if (upload.state === "refused")
      throw new Refused(409, upload.reasonCode ?? "upload-refused", upload.reason ?? "refused");
    if (upload.waiting && upload.waiting !== said) {
      said = upload.waiting;
      report.line(`  ${said}`, { event: "waiting", uploadId: sent.uploadId, message: said });
    }
    if (upload.state === "promoted") break;
    await pause(POLL_MS, undefined, { signal: how.signal });
  }
  if (how.waitFor === "locked") return "locked";
  for (;;) {
    const version = await client.get<{ state: string; reason: string | null; reasonCode: string | null }>(
      `/versions/${sent.versionId}`,
    );
    if (version.state === "ready") return "ready";
    if (version.state === "failed")
      throw new Refused(409, version.reasonCode ?? "failed", version.reason ?? "the preview failed");
    await pause(POLL_MS, undefined, { signal: how.signal });
  }
}
