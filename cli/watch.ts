import { statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Refused } from "./client.ts";
import { type Found, findFiles, type LeftOut } from "./files.ts";
import { type Deps, uploadAll } from "./upload-all.ts";
import { sidecarOf } from "./upload-file.ts";

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
 * A file that was refused is not tried again until it changes. A folder that is away, as a network drive may be, is
 * waited for, unless it was never there.
 */
export async function watch(
  deps: Deps,
  folder: string,
  how: { projectId: string; parallel: number; signal: AbortSignal; settleMs: number; isOnce: boolean },
): Promise<number> {
  const seen = new Map<string, { mark: string; since: number }>();
  const refused = new Set<string>();
  const look = openLook(deps, folder);
  let isClean = true;
  deps.report.line(`watching ${folder}`, { event: "watching", folder });
  for (;;) {
    const now = performance.now();
    const waiting = look().flatMap((file) => {
      if (file.bytes === 0 || deps.memory.doneAs(file)) return [];
      const mark = stateOf(file);
      if (refused.has(mark)) return [];
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

/** What a new try may depend on: the file, its rights, and what its sidecar says. */
function stateOf({ path, bytes, modifiedMs }: Found): string {
  const changed = [path, sidecarOf(path)].map((one) => statSync(one, { throwIfNoEntry: false })?.ctimeMs);
  return [path, bytes, modifiedMs, ...changed].join("\n");
}

/** What lies in the folder now. What is left out, and that the folder is away, is said once each. */
function openLook({ report }: Deps, folder: string): () => Found[] {
  const said = new Set<string>();
  const leaveOut = (it: LeftOut) => {
    const words = `${it.file}: left out (${it.code})`;
    if (!said.has(words)) report.fault(words, { event: "left-out", ...it });
    said.add(words);
  };
  let isKnown = false;
  let isAway = false;
  return () => {
    try {
      const files = findFiles([folder], leaveOut);
      if (isAway) report.line(`${folder} is there again`, { event: "folder-back", folder });
      isKnown = true;
      isAway = false;
      return files;
    } catch (error) {
      if (!isKnown) throw error;
      const { message } = error as Error;
      if (!isAway) report.fault(`${message}; waiting for it`, { event: "folder-away", folder, message });
      isAway = true;
      return [];
    }
  };
}
