import type { Claim } from "#core/previews/job.ts";
import { isInstantFile, previewPrefix } from "#core/previews/preview.ts";
import { contentKey } from "#core/previews/recipe.ts";
import { copyPrefix } from "#core/storage/prefix.ts";
import type { Built, Witness } from "./build.ts";
import { checkHashes, type Master, readMaster } from "./master.ts";
import type { Tools } from "./tools.ts";

const PARALLEL_COPIES = 8;

/**
 * The same bytes, recipe and tool are built once: copies the finished files inside the storage to a prefix of this
 * version, so that its edge token covers them. Null when there is nothing to copy. A master that nobody has read yet
 * is read and hashed first: the sender's word is no proof.
 */
export async function copyBuilt(
  tools: Tools,
  claim: Claim,
  witness: Witness,
  master: Master,
  signal: AbortSignal,
): Promise<Built | null> {
  const presumed = claim.knownSha256 ?? claim.presumedSha256;
  if (presumed === null) return null;
  const key = contentKey(presumed, claim.recipeHash, tools.toolVersion);
  const found = await witness.built(key);
  if (!found) return null;
  if (claim.knownSha256 === null) {
    const hashes = await readMaster(master, signal);
    checkHashes(claim, hashes);
    await witness.hashed(hashes);
    if (hashes.sha256 !== presumed) return null;
  }
  const started = performance.now();
  const prefix = previewPrefix(claim.versionId, claim.jobId, claim.fence);
  const objects = await copyPrefix(
    tools.storage,
    tools.storage.buckets.previews,
    found.preview.prefix,
    prefix,
    {
      parallel: PARALLEL_COPIES,
      signal,
      skip: isInstantFile,
    },
  );
  if (objects === 0) return null;
  return {
    preview: { ...found.preview, jobId: claim.jobId, prefix },
    media: found.media,
    contentKey: key,
    result: {
      engine: found.preview.engine,
      copiedFrom: found.preview.jobId,
      copiedObjects: objects,
      copySeconds: Math.round(performance.now() - started) / 1000,
      toolVersion: tools.toolVersion,
    },
  };
}
