import { createXXHash128 } from "hash-wasm";

const blockBytes = 8 * 1024 * 1024;

/** Reads a file from end to end and answers its xxh128; the page stays free meanwhile. */
addEventListener("message", async (event: MessageEvent<File>) => {
  const file = event.data;
  try {
    const hash = await createXXHash128();
    hash.init();
    const read = (at: number) => file.slice(at, at + blockBytes).arrayBuffer();
    let next = read(0);
    for (let at = 0; at < file.size; at += blockBytes) {
      const block = await next;
      // Read while this one is hashed.
      next = read(at + blockBytes);
      hash.update(new Uint8Array(block));
    }
    postMessage({ xxh128: hash.digest("hex") });
  } catch (error) {
    postMessage({ error: error instanceof Error ? error.message : "The file could not be read." });
  }
});
