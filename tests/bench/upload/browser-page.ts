import { hashFile } from "../../../site/src/upload/hash.ts";
import { putBlock } from "../../../site/src/upload/put.ts";

const parallel = 4;

/** What the bench asks of the page; both answer how many seconds the chosen file took. */
const asked = {
  async hash(): Promise<number> {
    const from = performance.now();
    if (!(await hashFile(chosen(), new AbortController().signal))) throw new Error("the file was not hashed");
    return (performance.now() - from) / 1000;
  },

  /** Sends the file as the upload page does: parts in parallel, hashed meanwhile or not. */
  async send({ urls, isHashed }: { urls: string[]; isHashed: boolean }): Promise<number> {
    const file = chosen();
    const { signal } = new AbortController();
    const partBytes = Math.ceil(file.size / urls.length);
    const from = performance.now();
    const hash = isHashed ? hashFile(file, signal) : undefined;
    const todo = [...urls.entries()];
    const lane = async () => {
      for (let next = todo.shift(); next; next = todo.shift()) {
        const [part, url] = next;
        const block = file.slice(part * partBytes, (part + 1) * partBytes);
        await putBlock(url, block, { signal, onProgress: () => {} });
      }
    };
    await Promise.all(Array.from({ length: parallel }, lane));
    await hash;
    return (performance.now() - from) / 1000;
  },
};

function chosen(): File {
  const file = document.querySelector("input")?.files?.[0];
  if (!file) throw new Error("no file was chosen");
  return file;
}

export type Asked = typeof asked;
Object.assign(window, { asked });
