/** The whole file's SHA-256, computed in a worker. Undefined when the file cannot be read or `signal` aborts. */
export function hashFile(file: File, signal: AbortSignal): Promise<string | undefined> {
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
