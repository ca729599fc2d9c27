import { dueForVerification } from "#core/custody/store.ts";
import { verifyMaster } from "#core/custody/verify-master.ts";
import type { OnTick } from "../trigger.ts";

/** A round stops taking new masters after this; what is left is first in the next one. */
const ROUND_MS = 240_000;
const BATCH = 50;

/** Reads masters again in full, those that somebody asked for first, never faster than the deployment allows. */
export const verifyMasters: OnTick = (deps) => async (signal) => {
  const { sql, config, log } = deps;
  const until = performance.now() + ROUND_MS;
  const olderThan = new Date(Date.now() - config.VERIFY_EVERY_DAYS * 86_400_000);
  for (const versionId of await dueForVerification(sql, olderThan, BATCH)) {
    if (signal.aborted || performance.now() > until) return;
    const pace = { bytesPerSecond: config.VERIFY_BYTES_PER_SECOND };
    const found = await verifyMaster(deps, versionId, "schedule", { pace, signal });
    if (found && !found.isIntact) log.error({ versionId, fault: found.fault }, "a master is not intact");
  }
};
