import type { Claim } from "#core/previews/job.ts";
import { headObject, readRange } from "#core/storage/read.ts";
import type { Storage } from "#core/storage/storage.ts";
import { playlistSeconds } from "./playlist.ts";

/** The first stream of every preview is one of these: repacked source, picture, sound. */
const first = ["r0", "v0", "a0"];

/**
 * What a build must exceed to be shown before it is finished: the seconds that can be watched already, because an
 * earlier claim began; never, for what was withdrawn.
 */
export async function shownSeconds(storage: Storage, claim: Claim): Promise<number> {
  if (claim.isWithdrawn) return Number.POSITIVE_INFINITY;
  if (claim.shownPrefix === null) return 0;
  const lengths = first.map(async (name) => {
    const place = { bucket: storage.buckets.previews, key: `${claim.shownPrefix}${name}.m3u8` };
    const head = await headObject(storage, place);
    if (!head) return 0;
    return playlistSeconds(Buffer.from(await readRange(storage, place, 0, head.bytes - 1)).toString());
  });
  return Math.max(...(await Promise.all(lengths)));
}
