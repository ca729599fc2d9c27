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
  /** Sends also what this machine remembers as sent. */
  isAgain: boolean;
  waitFor: "accepted" | "locked" | "ready";
}

const POLL_MS = 1_000;
const POLL_MAX_MS = 10_000;
/** Larger files have parts enough to fill the line alone. */
const SMALL_BYTES = 32 * 1024 * 1024;

/**
 * Uploads files in their order: small ones several at once, large ones alone with parallel parts. What is sent is
 * followed while the next is on its way. Refused files do not stop the rest; answers 1 if any was.
 */
export async function uploadAll(deps: Deps, files: Found[], how: UploadAll): Promise<number> {
  const { report } = deps;
  const following: Promise<void>[] = [];
  const failed = new AbortController();
  const signal = AbortSignal.any([how.signal, failed.signal]);
  const sendOne = sender(deps, { ...how, signal });
  let refused = 0;

  const orRefused = async (file: Found, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = refusalOf(error);
      if (code === undefined) return failed.abort(error);
      refused += 1;
      const words = `${basename(file.path)}: refused. ${message}`;
      report.fault(words, { event: "refused", file: file.path, code, message });
    }
  };
  await inTurn(
    files.filter((file) => !tellSent(deps, how, file)),
    how.parallel,
    signal,
    (file) =>
      orRefused(file, async () => {
        const sent = await sendOne(file);
        following.push(
          orRefused(file, async () => {
            const state = await waitUntil(deps, sent, { waitFor: how.waitFor, signal });
            const { path, bytes } = file;
            const words = `${path}: ${state} as ${sent.versionId} (${bytesText(bytes)})`;
            report.line(words, { event: "uploaded", file: path, bytes, state, ...sent });
          }),
        );
      }),
  );
  await Promise.all(following);
  signal.throwIfAborted();
  return refused === 0 ? 0 : 1;
}

/** Small files side by side, at most `parallel`; a large one by itself. */
async function inTurn(
  files: Found[],
  parallel: number,
  signal: AbortSignal,
  work: (file: Found) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for (const file of files) {
    const places = file.bytes <= SMALL_BYTES ? parallel : 1;
    while (running.size >= places) await Promise.race(running);
    if (signal.aborted) break;
    const one = work(file).finally(() => running.delete(one));
    running.add(one);
    if (places === 1) await one;
  }
  await Promise.all(running);
}

/** Whether an earlier call sent this very file; says so. A new version of an asset is always wanted. */
function tellSent({ memory, report }: Deps, how: UploadAll, file: Found): boolean {
  const versionId = how.isAgain || how.assetId ? undefined : memory.doneAs(file);
  if (!versionId) return false;
  const words = `${file.path}: already uploaded as ${versionId}; --again sends it once more`;
  report.line(words, { event: "already-uploaded", file: file.path, versionId });
  return true;
}

function sender(deps: Deps, { projectId, assetId, parallel, signal, isFlat }: UploadAll) {
  const folderOf = openFolders(deps.client, projectId);
  return async (file: Found): Promise<Uploaded> => {
    if (file.bytes === 0) throw new Refused(400, "empty", "it is empty");
    const folderId = isFlat ? undefined : await folderOf(file.folders);
    return uploadFile(deps, file, {
      projectId,
      parallel,
      signal,
      ...(folderId ? { folderId } : {}),
      ...(assetId ? { assetId } : {}),
    });
  };
}

/** A code for what concerns this file alone; none for what ends the whole call. */
function refusalOf(error: unknown): { code?: string; message: string } {
  const { message } = error as Error;
  if (!(error instanceof Refused)) return { code: "unreadable", message };
  return error.status === 401 || error.isOutage ? { message } : { code: error.code, message };
}

interface Followed {
  state: string;
  reason: string | null;
  reasonCode: string | null;
  waiting: string | null;
}

/** Follows a promotion as far as the caller wants to wait; a refusal on the way is thrown with its reason. */
async function waitUntil(
  { client, report }: Deps,
  sent: Uploaded,
  how: Pick<UploadAll, "waitFor" | "signal">,
): Promise<string> {
  if (how.waitFor === "accepted") return "accepted";
  let everyMs = POLL_MS;
  /** Less and less often: with thousands of files on their way, their questions must not crowd out the work. */
  const rest = async () => {
    await pause(everyMs, undefined, { signal: how.signal });
    everyMs = Math.min(everyMs * 1.5, POLL_MAX_MS);
  };
  let said: string | null = null;
  const tellWait = ({ waiting }: Followed) => {
    if (!waiting || waiting === said) return;
    said = waiting;
    report.line(`  ${said}`, { event: "waiting", uploadId: sent.uploadId, message: said });
  };
  for (;;) {
    const upload = await client.get<Followed>(`/presign/${sent.uploadId}`);
    if (upload.state === "refused")
      throw new Refused(409, upload.reasonCode ?? "upload-refused", upload.reason ?? "refused");
    tellWait(upload);
    if (upload.state === "promoted") break;
    await rest();
  }
  if (how.waitFor === "locked") return "locked";
  for (;;) {
    const preview = await client.get<Followed>(`/preview/${sent.versionId}`);
    if (preview.state === "ready") return "ready";
    if (preview.state === "failed")
      throw new Refused(409, preview.reasonCode ?? "failed", preview.reason ?? "the preview failed");
    tellWait(preview);
    await rest();
  }
}
