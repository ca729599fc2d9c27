/** What lets an upload go on after the page was closed: which file it was, and where the browser allows it, its handle. */
export interface Kept {
  uploadId: string;
  name: string;
  bytes: number;
  handle?: FileSystemFileHandle | undefined;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("rushes", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("uploads", { keyPath: "uploadId" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function run<Value>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<Value>,
): Promise<Value | undefined> {
  try {
    const db = await open();
    return await new Promise((resolve, reject) => {
      const request = ask(db.transaction("uploads", mode).objectStore("uploads"));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } catch {
    // A private window without storage: the upload works, it just cannot be picked up later without the file.
    return undefined;
  }
}

const lockOf = (uploadId: string) => `rushes-upload-${uploadId}`;

/** Says to the other pages of this browser that this one carries the upload, until it is closed. */
export function claim(uploadId: string): void {
  void navigator.locks?.request(lockOf(uploadId), { ifAvailable: true }, () => new Promise(() => {}));
}

/** Whether a page of this browser carries the upload. */
export async function isClaimed(uploadId: string): Promise<boolean> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === lockOf(uploadId));
}

export const keep = (kept: Kept) => run("readwrite", (store) => store.put(kept));
export const forget = (uploadId: string) => run("readwrite", (store) => store.delete(uploadId));
export const keptOf = (uploadId: string) =>
  run<Kept | undefined>("readonly", (store) => store.get(uploadId) as IDBRequest<Kept | undefined>);
