/** What a storage that has no room says: Ceph and MinIO by these names, others by the status alone. */
const full = /<Code>(QuotaExceeded|XMinio(StorageFull|AdminBucketQuotaExceeded))</;

/** The storage refused or the line broke while a block was sent. `status` 0 is the line, 507 that there is no room. */
export class PutError extends Error {
  readonly status: number;
  constructor(status: number, said = "") {
    const isFull = status === 507 || full.test(said);
    super(
      isFull
        ? "The storage is full. What has arrived is kept: ask an administrator to make room, then retry."
        : status === 0
          ? "The connection to the storage was lost."
          : `The storage answered ${status}.`,
    );
    this.name = "PutError";
    this.status = isFull ? 507 : status;
  }
}

/** Sends a block to a signed URL; XMLHttpRequest because fetch does not tell how far an upload is. */
export function putBlock(
  url: string,
  body: Blob,
  options: { headers?: Record<string, string>; signal: AbortSignal; onProgress: (bytes: number) => void },
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    options.signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(options.headers ?? {}))
      if (name.toLowerCase() !== "content-length" && name.toLowerCase() !== "host")
        request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => options.onProgress(event.loaded);
    request.onload = () => {
      options.signal.removeEventListener("abort", abort);
      if (request.status >= 200 && request.status < 300) resolve(request.getResponseHeader("etag"));
      else reject(new PutError(request.status, request.responseText));
    };
    request.onerror = () => reject(new PutError(0));
    request.ontimeout = () => reject(new PutError(0));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    options.signal.addEventListener("abort", abort);
    request.send(body);
  });
}

/** Waits longer after each try, and for the network to be back; ends early when `signal` aborts. */
export function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ms = Math.min(30_000, 500 * 2 ** attempt) * (0.75 + Math.random() / 2);
    const timer = setTimeout(resolve, ms);
    addEventListener("online", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}
