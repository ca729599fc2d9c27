import { ApiError, all, api } from "../api/client.ts";
import type { Folder } from "../api/types.ts";
import type { Target } from "./state.ts";
import type { Picked } from "./uploads.ts";

interface Found {
  file: File;
  handle: FileSystemFileHandle | undefined;
  /** Folder names above the file, outermost first. */
  path: string[];
}

type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/**
 * Everything in a drop, folders walked through; what cannot be read is left out by its name. The browser forgets the
 * items after this tick, so they are taken first.
 */
export async function filesOfDrop(data: DataTransfer, leaveOut: (name: string) => void): Promise<Found[]> {
  const items = [...data.items]
    .filter(({ kind }) => kind === "file")
    .map((item: HandleItem) => ({
      entry: item.webkitGetAsEntry(),
      file: item.getAsFile(),
      handle: item.getAsFileSystemHandle?.(),
    }));
  const found: Found[] = [];
  for (const { entry, file, handle } of items) {
    if (entry?.isDirectory) await walk(entry as FileSystemDirectoryEntry, [entry.name], found, leaveOut);
    else if (file) {
      const kept = await handle?.catch(() => null);
      found.push({
        file,
        handle: kept?.kind === "file" ? (kept as FileSystemFileHandle) : undefined,
        path: [],
      });
    }
  }
  return found;
}

async function walk(
  directory: FileSystemDirectoryEntry,
  path: string[],
  found: Found[],
  leaveOut: (name: string) => void,
): Promise<void> {
  const reader = directory.createReader();
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    ).catch(() => void leaveOut(directory.name));
    if (!entries?.length) return;
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory)
        await walk(entry as FileSystemDirectoryEntry, [...path, entry.name], found, leaveOut);
      else {
        const file = await new Promise<File>((resolve, reject) =>
          (entry as FileSystemFileEntry).file(resolve, reject),
        ).catch(() => void leaveOut(entry.name));
        if (file) found.push({ file, handle: undefined, path });
      }
    }
  }
}

/** Files chosen with a folder picker carry their path in `webkitRelativePath`. */
export function filesOfPicker(files: FileList): Found[] {
  return [...files].map((file) => ({
    file,
    handle: undefined,
    path: file.webkitRelativePath.split("/").slice(0, -1),
  }));
}

/** Makes the folders a drop needs and answers each file with the folder it belongs into. */
export async function placeFiles(found: readonly Found[], target: Target): Promise<Picked[]> {
  const known = new Map<string, string | null>([["", target.folderId ?? null]]);
  const placed: Picked[] = [];
  for (const { file, handle, path } of found) {
    let folderId = target.folderId ?? null;
    for (let depth = 1; depth <= path.length; depth++) {
      const key = path.slice(0, depth).join("/");
      const cached = known.get(key);
      folderId = cached ?? (await ensureFolder(target.projectId, folderId, path[depth - 1] ?? ""));
      known.set(key, folderId);
    }
    placed.push({ file, handle, folderId });
  }
  return placed;
}

async function ensureFolder(projectId: string, parentId: string | null, name: string): Promise<string> {
  try {
    return (await api.post<Folder>(`/projects/${projectId}/folders`, { name, parentId })).id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const folders = await all<Folder>(`/projects/${projectId}/folders`, {});
    const same = folders.find(
      (folder) => folder.parentId === parentId && folder.name.toLowerCase() === name.toLowerCase(),
    );
    if (!same) throw error;
    return same.id;
  }
}
