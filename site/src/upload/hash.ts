/** Up to this size the browser's own SHA-256, which takes a file in one piece, costs no worker. */
const onePieceBytes = 32 * 1024 * 1024;

/** As promote takes it. */
export type FileHash = { sha256: string } | { xxh128: string };

/** A hash of the whole file. Undefined when the file cannot be read or `signal` aborts. */
export async function hashFile(file: File, signal: AbortSignal): Promise<FileHash | undefined> {
  if (file.size > onePieceBytes || !isSecureContext) return hashInWorker(file, signal);
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"));
    return { sha256: hex.join("") };
  } catch {
    return undefined;
  }
}

function hashInWorker(file: File, signal: AbortSignal): Promise<FileHash | undefined> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./hash.worker.ts", import.meta.url), { type: "module" });
    const finish = (xxh128: string | undefined) => {
      worker.terminate();
      resolve(xxh128 === undefined ? undefined : { xxh128 });
    };
    worker.onmessage = ({ data }: MessageEvent<{ xxh128?: string }>) => finish(data.xxh128);
    worker.onerror = () => finish(undefined);
    signal.addEventListener("abort", () => finish(undefined));
    worker.postMessage(file);
  });
}
