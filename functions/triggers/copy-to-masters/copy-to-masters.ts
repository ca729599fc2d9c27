import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { HandBack, type JobHandler } from "#core/queue/run-trigger.ts";
import type { Resources } from "#core/resources.ts";

/** While another copier is at work, the scanner is down or the storage is full, the message comes back after this. */
const AGAIN_MS = 20_000;

/** Brings one version from staging to the masters. The row decides what is left to do. */
export function copyToMasters(deps: Resources): JobHandler {
  return async ({ id, signal }) => {
    const outcome = await copyToMaster(deps, id, { signal });
    if (outcome === "busy") throw new HandBack("another copier is at work", AGAIN_MS);
    if (outcome === "waiting") throw new HandBack("it cannot go on at the moment", AGAIN_MS);
  };
}
