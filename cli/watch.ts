import { setTimeout as pause } from "node:timers/promises";
import { Refused } from "./client.ts";
import { findFiles } from "./files.ts";
import { type Deps, uploadAll } from "./upload-all.ts";

const LOOK_MS = 1_000;
/** Nobody makes room within a second, and each try reads the file again. */
const FULL_MS = 60_000;

/** Who watches a folder over night does not give up because the server is away for an hour. */
async function patiently(
  { report }: Deps,
  signal: AbortSignal,
  work: () => Promise<number>,
): Promise<number> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Refused && error.isOutage)) throw error;
      report.fault(`${error.message}; trying again`, { event: "waiting", message: error.message });
      await pause(error.code === "storage-full" ? FULL_MS : LOOK_MS, undefined, { signal });
    }
}

/**
 * Uploads what appears in a folder once it has settled: the same size and time for `settleMs`, so that a card that is
 * still being copied is left alone. Looks by itself every second, since network drives report no changes.
 * A file that was refused is not tried again until it changes.
 */
export async function watch(
  deps: Deps,
  folder: string,
  how: { projectId: string; parallel: number; signal: AbortSignal; settleMs: number; isOnce: boolean },
): Promise<number> {
  const seen = new Map<string, { mark: string; since: number }>();
  const refused = new Set<string>();
  let isClean = true;
  deps.report.line(`watching ${folder}`, { event: "watching", folder });
  for (;;) {
    const now = performance.now();
    const waiting = findFiles([folder]).flatMap((file) => {
      const mark = `${file.path}\n${file.bytes}\n${file.modifiedMs}`;
      if (file.bytes === 0 || refused.has(mark) || deps.memory.doneAs(file)) return [];
      const known = seen.get(file.path);
      const since = known?.mark === mark ? known.since : now;
      seen.set(file.path, { mark, since });
      return [{ file, mark, isSettled: now - since >= how.settleMs }];
    });
    for (const { file, mark } of waiting.filter(({ isSettled }) => isSettled)) {
      const code = await patiently(deps, how.signal, () =>
        uploadAll(deps, [file], { ...how, isFlat: false, isAgain: false, waitFor: "accepted" }),
      );
      if (code === 0) continue;
      refused.add(mark);
      isClean = false;
    }
    if (how.isOnce && waiting.every(({ isSettled }) => isSettled)) return isClean ? 0 : 1;
    await pause(LOOK_MS, undefined, { signal: how.signal });
  }
}
