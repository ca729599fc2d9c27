import { computed, signal } from "@preact/signals";
import { ApiError, all, api } from "../api/client.ts";
import type { OpenedUpload, Preview, Upload } from "../api/types.ts";
import { complain } from "../ui/toasts.tsx";
import { contentTypeOf } from "./content-types.ts";
import { forget, keep, keptOf } from "./handles.ts";
import { hashFile } from "./hash.ts";
import { sendFile } from "./send.ts";

export type Stage =
  | "queued"
  | "sending"
  | "waiting"
  | "paused"
  | "finishing"
  | "copying"
  | "building"
  | "done"
  | "failed"
  | "interrupted";

export interface Target {
  projectId: string;
  folderId?: string | null;
  assetId?: string;
}

/** One file on its way, from the disk to something one can watch. */
export interface Transfer {
  key: string;
  name: string;
  bytes: number;
  sent: number;
  stage: Stage;
  /** Copying or building, 0..1. */
  progress: number;
  /** Bytes per second, averaged. */
  speed: number;
  reason: string | undefined;
  uploadId: string | undefined;
  assetId: string | undefined;
  target: Target;
}

interface Work {
  file: File | undefined;
  handle: FileSystemFileHandle | undefined;
  abort: AbortController;
  hash: Promise<string | undefined> | undefined;
  hashAbort: AbortController;
  opened: OpenedUpload | undefined;
}

const mostFilesAtOnce = 2;
export const transfers = signal<readonly Transfer[]>([]);
const works = new Map<string, Work>();

const running = (stage: Stage) => stage === "sending" || stage === "waiting" || stage === "finishing";
/** Bytes would be lost or delayed if the page went away now. */
export const leaving = computed(() =>
  transfers.value.some(({ stage }) => running(stage) || stage === "queued"),
);
/** Counts up whenever something arrived that a list should show. */
export const arrivals = signal(0);

function change(key: string, part: Partial<Transfer>): void {
  transfers.value = transfers.value.map((one) => (one.key === key ? { ...one, ...part } : one));
}
const find = (key: string) => transfers.value.find((one) => one.key === key);

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

const newWork = (file: File | undefined, handle: FileSystemFileHandle | undefined): Work => ({
  file,
  handle,
  abort: new AbortController(),
  hash: undefined,
  hashAbort: new AbortController(),
  opened: undefined,
});

function next(): void {
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

/** Uploads that a closed page left behind, offered to be finished. */
export async function findInterrupted(): Promise<void> {
  const open = await all<Upload>("/presign", { state: "open" }).catch(() => []);
  for (const upload of open) {
    if (transfers.value.some(({ uploadId }) => uploadId === upload.uploadId)) continue;
    const kept = await keptOf(upload.uploadId);
    // A list does not say which parts have arrived.
    const state = kept && (await api.get<Upload>(`/presign/${upload.uploadId}`).catch(() => undefined));
    if (!kept || state?.state !== "open") continue;
    const key = crypto.randomUUID();
    const work = newWork(undefined, kept.handle);
    const { uploadId, method, partBytes, expiresAt } = upload;
    work.opened = { uploadId, method, ...(partBytes ? { partBytes } : {}), expiresAt };
    works.set(key, work);
    transfers.value = [
      ...transfers.value,
      {
        key,
        name: upload.name,
        bytes: upload.bytes,
        sent: state.parts.reduce((sum, part) => sum + part.bytes, 0),
        stage: "interrupted",
        progress: 0,
        speed: 0,
        reason: undefined,
        uploadId,
        assetId: undefined,
        target: {
          projectId: upload.projectId,
          folderId: upload.folderId,
          ...(upload.assetId ? { assetId: upload.assetId } : {}),
        },
      },
    ];
  }
}

/** Takes an interrupted upload up again: from the kept handle where there is one, else from the file chosen again. */
export async function takeUp(key: string, choose: () => Promise<File | undefined>): Promise<void> {
  const work = works.get(key);
  const transfer = find(key);
  if (!work || !transfer) return;
  const file = (await fileOf(work.handle)) ?? (await choose());
  if (!file) return;
  if (file.size !== transfer.bytes || file.name !== transfer.name) {
    change(key, { reason: `That is another file. Choose ${transfer.name} again to go on.` });
    return;
  }
  work.file = file;
  change(key, { stage: "queued", reason: undefined });
  next();
}

interface AskingHandle extends FileSystemFileHandle {
  requestPermission?: (options: { mode: "read" }) => Promise<PermissionState>;
}

async function fileOf(handle: AskingHandle | undefined): Promise<File | undefined> {
  try {
    if (handle?.requestPermission && (await handle.requestPermission({ mode: "read" })) !== "granted")
      return undefined;
    return await handle?.getFile();
  } catch {
    return undefined;
  }
}
