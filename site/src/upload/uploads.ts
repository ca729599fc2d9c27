import { ApiError, api } from "../api/client.ts";
import type { OpenedUpload, Preview, Upload } from "../api/types.ts";
import { complain } from "../ui/toasts.tsx";
import { contentTypeOf } from "./content-types.ts";
import { forget, keep } from "./handles.ts";
import { hashFile } from "./hash.ts";
import { sendFile } from "./send.ts";
import {
  arrivals,
  change,
  find,
  newWork,
  running,
  type Target,
  type Transfer,
  transfers,
  works,
} from "./state.ts";

const mostFilesAtOnce = 2;

export interface Picked {
  file: File;
  handle?: FileSystemFileHandle | undefined;
  folderId?: string | null;
}

export function addFiles(picked: readonly Picked[], target: Target): void {
  for (const { file, handle, folderId } of picked) {
    const key = crypto.randomUUID();
    works.set(key, newWork(file, handle));
    transfers.value = [
      ...transfers.value,
      {
        key,
        name: file.name,
        bytes: file.size,
        sent: 0,
        stage: "queued",
        progress: 0,
        speed: 0,
        reason: undefined,
        uploadId: undefined,
        assetId: undefined,
        target: folderId === undefined ? target : { ...target, folderId },
      },
    ];
  }
  next();
}

/** Starts what waits, as long as there is room. */
export function next(): void {
  const free = mostFilesAtOnce - transfers.value.filter(({ stage }) => running(stage)).length;
  for (const { key } of transfers.value.filter(({ stage }) => stage === "queued").slice(0, Math.max(0, free)))
    void carry(key);
}

async function carry(key: string): Promise<void> {
  const work = works.get(key);
  const transfer = find(key);
  if (!work?.file || !transfer) return;
  const { file } = work;
  work.abort = new AbortController();
  const { signal } = work.abort;
  change(key, { stage: "sending", reason: undefined });
  const meter = speedometer(transfer.sent);
  try {
    work.opened ??= await open(transfer, file, work.handle);
    const { uploadId } = work.opened;
    change(key, { uploadId });
    work.hash ??= hashFile(file, work.hashAbort.signal);
    const parts = await sendFile({
      file,
      opened: work.opened,
      signal,
      onProgress: (sent) => change(key, { sent, speed: meter(sent) }),
      onWaiting: (waiting) => change(key, { stage: waiting ? "waiting" : "sending" }),
    });
    change(key, { stage: "finishing", sent: file.size });
    const sha256 = await work.hash;
    signal.throwIfAborted();
    const { assetId, versionId } = await api.post<{ assetId: string; versionId: string }>("/promote", {
      uploadId,
      ...(parts ? { parts } : {}),
      ...(sha256 ? { sha256 } : {}),
    });
    change(key, { stage: "copying", assetId, progress: 0 });
    arrivals.value += 1;
    void forget(uploadId);
    next();
    await follow(key, uploadId, versionId);
  } catch (error) {
    if (!signal.aborted) change(key, { stage: "failed", reason: wordsFor(error) });
  } finally {
    next();
  }
}

function wordsFor(error: unknown): string {
  const field = error instanceof ApiError ? error.problem?.errors?.[0]?.detail : undefined;
  if (field) return field;
  return error instanceof Error ? error.message : "The upload stopped.";
}

async function open(transfer: Transfer, file: File, handle?: FileSystemFileHandle): Promise<OpenedUpload> {
  const { projectId, folderId, assetId } = transfer.target;
  const opened = await api.post<OpenedUpload>("/presign", {
    projectId,
    ...(folderId ? { folderId } : {}),
    ...(assetId ? { assetId } : {}),
    name: file.name,
    bytes: file.size,
    contentType: contentTypeOf(file),
  });
  void keep({
    uploadId: opened.uploadId,
    name: file.name,
    bytes: file.size,
    lastModified: file.lastModified,
    handle,
  });
  return opened;
}

/** From the last byte to the first picture: asks now and then, for it may take long. */
async function follow(key: string, uploadId: string, versionId: string): Promise<void> {
  for (let copied = false; find(key); ) {
    await new Promise((done) => setTimeout(done, 1500));
    try {
      if (!copied) {
        const upload = await api.get<Upload>(`/presign/${uploadId}`);
        if (upload.state === "refused") {
          change(key, { stage: "failed", reason: upload.reason ?? "The file was refused." });
          return;
        }
        copied = upload.state === "promoted";
        change(key, {
          stage: copied ? "building" : "copying",
          progress: upload.progress,
          reason: upload.waiting ?? undefined,
        });
        continue;
      }
      const preview = await api.get<Preview>(`/preview/${versionId}`);
      if (preview.state === "failed") {
        change(key, { stage: "failed", reason: preview.reason ?? "The preview could not be built." });
        arrivals.value += 1;
        return;
      }
      change(key, { progress: preview.progress });
      if (preview.state === "ready" || preview.state === "playable") {
        change(key, { stage: "done" });
        arrivals.value += 1;
        return;
      }
    } catch (error) {
      if (error instanceof ApiError && error.status !== 0 && error.status < 500) {
        change(key, { stage: "failed", reason: wordsFor(error) });
        return;
      }
    }
  }
}

/** Bytes per second over the last seconds. */
function speedometer(from: number): (sent: number) => number {
  let samples = [{ at: performance.now(), sent: from }];
  return (sent) => {
    const now = performance.now();
    samples = [...samples.filter(({ at }) => now - at < 5000), { at: now, sent }];
    const first = samples[0];
    return first && now > first.at ? (Math.max(0, sent - first.sent) * 1000) / (now - first.at) : 0;
  };
}

export function pause(key: string): void {
  change(key, { stage: "paused", speed: 0 });
  works.get(key)?.abort.abort();
  next();
}

/** Goes on after a pause or a failure; parts that arrived are not sent again. */
export function resume(key: string): void {
  const work = works.get(key);
  if (!work) return;
  change(key, { stage: "queued", reason: undefined });
  next();
}

export async function cancel(key: string): Promise<void> {
  const transfer = find(key);
  works.get(key)?.abort.abort();
  works.get(key)?.hashAbort.abort();
  works.delete(key);
  transfers.value = transfers.value.filter((one) => one.key !== key);
  if (transfer?.uploadId && transfer.assetId === undefined) {
    void forget(transfer.uploadId);
    await api.remove(`/presign/${transfer.uploadId}`, "*").catch((error: unknown) => {
      complain("The upload could not be withdrawn; it expires by itself.", error);
    });
  }
  next();
}

export function dismiss(key: string): void {
  transfers.value = transfers.value.filter((one) => one.key !== key);
  works.delete(key);
}
