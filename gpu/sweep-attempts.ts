import type { Claim } from "#core/previews/job.ts";
import { previewPrefix } from "#core/previews/preview.ts";
import { deletePrefix } from "#core/storage/prefix.ts";
import type { Storage } from "#core/storage/storage.ts";

/** A plan may be tried this often within one claim. */
const TRIES = 4;

/**
 * Removes what earlier claims and tries of a job left in previews. With `kept` null only this claim's own: the job
 * belongs to somebody else now. With an empty `kept` all of them.
 */
export async function sweepAttempts(storage: Storage, claim: Claim, kept: string | null): Promise<void> {
  const from = kept === null ? claim.fence : 1;
  for (let fence = from; fence <= claim.fence; fence++) {
    const base = previewPrefix(claim.versionId, claim.jobId, fence);
    const tries = [base, ...Array.from({ length: TRIES - 1 }, (_, i) => `${base.slice(0, -1)}.${i + 1}/`)];
    for (const prefix of tries) {
      if (prefix !== kept && (kept === null || fence < claim.fence || kept !== base)) {
        await deletePrefix(storage, storage.buckets.previews, prefix);
      }
    }
  }
}
