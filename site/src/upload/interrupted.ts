import { all, api } from "../api/client.ts";
import type { Upload } from "../api/types.ts";
import { isClaimed, keptOf } from "./handles.ts";
import { change, find, newWork, transfers, works } from "./state.ts";
import { next } from "./uploads.ts";

/** Uploads that a closed page left behind, offered to be finished. */
export async function findInterrupted(): Promise<void> {
  const open = await all<Upload>("/presign", { state: "open" }).catch(() => []);
  for (const upload of open) {
    if (transfers.value.some(({ uploadId }) => uploadId === upload.uploadId)) continue;
    if (await isClaimed(upload.uploadId)) continue;
    const kept = await keptOf(upload.uploadId);
    // A list does not say which parts have arrived.
    const state = kept && (await api.get<Upload>(`/presign/${upload.uploadId}`).catch(() => undefined));
    if (!kept || state?.state !== "open") continue;
    const key = crypto.randomUUID();
    const work = newWork(undefined, kept.handle);
    const { uploadId, method, partBytes, expiresAt } = upload;
    work.opened = Promise.resolve({ uploadId, method, ...(partBytes ? { partBytes } : {}), expiresAt });
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
