/** Up to this size the browser's own hash, which takes a file in one piece, is the quicker one. */
const onePieceBytes = 32 * 1024 * 1024;

/** The whole file's SHA-256. Undefined when the file cannot be read or `signal` aborts. */
export async function hashFile(file: File, signal: AbortSignal): Promise<string | undefined> {
  if (file.size > onePieceBytes || !isSecureContext) return hashInWorker(file, signal);
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}

function hashInWorker(file: File, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./hash.worker.ts", import.meta.url), { type: "module" });
    const finish = (hash: string | undefined) => {
      worker.terminate();
      resolve(hash);
    };
    worker.onmessage = ({ data }: MessageEvent<{ sha256?: string; error?: string }>) => {
      if (data.sha256 || data.error) finish(data.sha256);
    };
    worker.onerror = () => finish(undefined);
    signal.addEventListener("abort", () => finish(undefined));
    worker.postMessage(file);
  });
}
