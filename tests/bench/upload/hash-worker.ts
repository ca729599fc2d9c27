import { createSHA256 } from "hash-wasm";

/** Hashes a file of the asked-for size in the chunks of the upload page; answers MB per second. */
self.onmessage = async ({ data: mib }: MessageEvent<number>) => {
  const block = new Uint8Array(1024 * 1024);
  for (let at = 0; at < block.length; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536));
  const file = new Blob(Array.from({ length: mib }, () => block));
  const hash = await createSHA256();
  hash.init();
  const from = performance.now();
  const step = 4 * 1024 * 1024;
  for (let at = 0; at < file.size; at += step)
    hash.update(new Uint8Array(await file.slice(at, at + step).arrayBuffer()));
  hash.digest();
  self.postMessage((file.size / 1e6 / (performance.now() - from)) * 1000);
};
