import { ApiError, api } from "../api/client.ts";
import type { OpenedUpload, Preview, Upload } from "../api/types.ts";
import { complain } from "../ui/toasts.tsx";
import { contentTypeOf } from "./content-types.ts";
import { claim, forget, keep } from "./handles.ts";
import { hashFile } from "./hash.ts";
import { again, sendFile } from "./send.ts";
import {
  arrived,
  change,
  find,
  newWork,
  startable,
  type Target,
  type Transfer,
  transfers,
  works,
} from "./state.ts";

export interface Picked {
  file: File;
  handle?: FileSystemFileHandle | undefined;
  folderId?: string | null;
}

export function addFiles(picked: readonly Picked[], target: Target): void {
  const added: Transfer[] = [];
  for (const { file, handle, folderId = target.folderId } of picked) {
    const place = { ...target, folderId: folderId ?? null };
    if (takeUpAgain(file, place)) continue;
    const key = crypto.randomUUID();
    works.set(key, newWork(file, handle));
    added.push({
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
      target: place,
    });
  }
  transfers.value = [...transfers.value, ...added];
  next();
}

/** A file that a closed page left half sent goes on when it is picked again for the same place. */
function takeUpAgain(file: File, place: Target): boolean {
  const left = transfers.value.find(
    ({ stage, name, bytes, target }) =>
      stage === "interrupted" &&
      name === file.name &&
      bytes === file.size &&
      target.projectId === place.projectId &&
      (target.folderId ?? null) === (place.folderId ?? null) &&
      target.assetId === place.assetId,
  );
  const work = left && works.get(left.key);
  if (!left || !work) return false;
  work.file = file;
  change(left.key, { stage: "queued", reason: undefined });
  return true;
}

/** Starts what waits, as long as there is room. */
export function next(): void {
  for (const { key } of startable()) void carry(key);
}

async function carry(key: string): Promise<void> {
  const work = works.get(key);
  const transfer = find(key);
  if (!work?.file || !transfer) return;
  const { file } = work;
  const abort = new AbortController();
  work.abort = abort;
  const { signal } = abort;
  change(key, { stage: "sending", reason: undefined });
  const meter = speedometer(transfer.sent);
  const onWaiting = (waiting: boolean) => change(key, { stage: waiting ? "waiting" : "sending" });
  try {
    // Once, however often one pauses meanwhile.
    work.opened ??= again({ signal, onWaiting }, () => open(transfer, file, work.handle)).catch((error) => {
      work.opened = undefined;
      throw error;
    });
    const opened = await work.opened;
    const { uploadId } = opened;
    if (!works.has(key)) return await withdraw(uploadId);
    signal.throwIfAborted();
    claim(uploadId);
    change(key, { uploadId });
    work.hash ??= hashFile(file, work.hashAbort.signal);
    const parts = await sendFile({
      file,
      opened,
      signal,
      onProgress: (sent) => change(key, { sent, speed: meter(sent) }),
      onWaiting,
    });
    change(key, { stage: "finishing", sent: file.size });
    const hash = await work.hash;
    signal.throwIfAborted();
    const { assetId, versionId } = await again(
      { signal, onWaiting: (waiting) => change(key, { stage: waiting ? "waiting" : "finishing" }) },
      () =>
        api.post<{ assetId: string; versionId: string }>("/promote", {
          uploadId,
          ...(parts ? { parts } : {}),
          ...hash,
        }),
    );
    change(key, { stage: "copying", assetId, progress: 0 });
    arrived();
    void forget(uploadId);
    next();
    await follow(key, uploadId, versionId);
  } catch (error) {
    if (signal.aborted) return;
    // Other parts are still on their way.
    abort.abort();
    change(key, { stage: "failed", reason: wordsFor(error) });
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
    handle,
  });
  return opened;
}

/** From the last byte to the first picture: asks now and then, and less often the longer it takes. */
async function follow(key: string, uploadId: string, versionId: string): Promise<void> {
  let waitMs = 1500;
  for (let copied = false; find(key); waitMs = Math.min(waitMs * 1.2, 10_000)) {
    await new Promise((done) => setTimeout(done, waitMs));
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
          progress: copied ? 0 : upload.progress,
          reason: upload.waiting ?? undefined,
        });
        continue;
      }
      const preview = await api.get<Preview>(`/preview/${versionId}`);
      if (preview.state === "failed") {
        change(key, { stage: "failed", reason: preview.reason ?? "The preview could not be built." });
        arrived();
        return;
      }
      change(key, { progress: preview.progress, reason: preview.waiting ?? undefined });
      if (preview.state === "ready" || preview.state === "playable") {
        change(key, { stage: "done" });
        arrived();
        return;
      }
    } catch (error) {
      const passing = error instanceof ApiError && (error.status === 429 || error.status >= 500);
      if (error instanceof ApiError && error.status !== 0 && !passing) {
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
  if (transfer?.uploadId && transfer.assetId === undefined) await withdraw(transfer.uploadId);
  next();
}

async function withdraw(uploadId: string): Promise<void> {
  void forget(uploadId);
  await api.remove(`/presign/${uploadId}`, "*").catch((error: unknown) => {
    complain("The upload could not be withdrawn; it expires by itself.", error);
  });
}

export function dismiss(key: string): void {
  transfers.value = transfers.value.filter((one) => one.key !== key);
  works.delete(key);
}
