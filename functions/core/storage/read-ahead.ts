import type { Place } from "./read.ts";
import { readRange } from "./read.ts";
import type { Storage } from "./storage.ts";

const CHUNK_BYTES = 8 * 1024 * 1024;
/** Requests in flight. Two keep a fast storage busy while the first is being used. */
const AHEAD = 2;

/**
 * The bytes `from..bytes` of an object, in order, in chunks of 8 MiB. Each chunk is its own request, so a
 * dropped connection costs one retry of one chunk, and a slow reader holds no connection open.
 */
export async function* readAhead(
  storage: Storage,
  place: Place & { etag?: string },
  bytes: number,
  from = 0,
): AsyncGenerator<Uint8Array> {
  const pending: Promise<Uint8Array>[] = [];
  let next = from;
  const ask = () => {
    if (next >= bytes) return;
    const to = Math.min(next + CHUNK_BYTES, bytes) - 1;
    const length = to - next + 1;
    const chunk = readRange(storage, place, next, to).then((got) => {
      if (got.byteLength !== length)
        throw new Error(`the storage answered ${got.byteLength} of ${length} bytes`);
      return got;
    });
    chunk.catch(() => {}); // reported where it is awaited
    pending.push(chunk);
    next = to + 1;
  };
  for (let i = 0; i < AHEAD; i++) ask();
  for (let chunk = pending.shift(); chunk; chunk = pending.shift()) {
    const got = await chunk;
    ask();
    yield got;
  }
}
