import { system } from "#core/auth/actor.ts";
import { expireUpload } from "#core/uploads/end-upload.ts";
import { resumePromotion } from "#core/uploads/promote-upload.ts";
import { overdueUploads, strandedUploads } from "#core/uploads/store.ts";
import type { OnTick } from "../trigger.ts";

/** Longer than anybody holds the claim of an upload. */
const STRANDED_MS = 120_000;

/** Ends uploads that nobody finished in time, and finishes promotions whose process died. */
export const expireUploads: OnTick = (deps) => async (signal) => {
  for (const upload of await overdueUploads(deps.sql)) {
    if (signal.aborted) return;
    await expireUpload(deps, system, upload);
  }
  for (const upload of await strandedUploads(deps.sql, STRANDED_MS)) {
    if (signal.aborted) return;
    await resumePromotion(deps, system, upload).catch((error: unknown) =>
      deps.log.warn({ err: error, uploadId: upload.id }, "a promotion could not be finished yet"),
    );
  }
};
