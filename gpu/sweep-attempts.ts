import type { Claim } from "#core/previews/job.ts";
import { previewPrefix } from "#core/previews/preview.ts";
import { deletePrefix } from "#core/storage/prefix.ts";
import type { Storage } from "#core/storage/storage.ts";

/** A plan may be tried this often within one claim. */
const TRIES = 4;

/**
 * Removes what earlier claims and tries of a job left in previews, but for `kept`, the prefix of one of them. With
 * `onlyOwn` what this claim left and no more: the job belongs to somebody else now.
 */
export async function sweepAttempts(
  storage: Storage,
  claim: Claim,
  kept: string | null,
  { onlyOwn = false } = {},
): Promise<void> {
  for (let fence = onlyOwn ? claim.fence : 1; fence <= claim.fence; fence++) {
    const base = previewPrefix(claim.versionId, claim.jobId, fence);
    const tries = [base, ...Array.from({ length: TRIES - 1 }, (_, i) => `${base.slice(0, -1)}.${i + 1}/`)];
    for (const prefix of tries) {
      if (prefix !== kept && (fence < claim.fence || kept !== base)) {
        await deletePrefix(storage, storage.buckets.previews, prefix);
      }
    }
  }
}
