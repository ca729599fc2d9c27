const MIB = 1024 * 1024;

/** Files up to this size go in one request; larger ones in parts, so that they can pause and resume. */
export const SINGLE_PUT_MAX_BYTES = 32 * MIB;
export const PART_MIN_BYTES = 16 * MIB;
/** S3 allows 10,000 parts; a thousand are kept free for nobody to count on the last one. */
const PARTS_AIM = 9_000;

export type UploadPlan = { method: "put" } | { method: "multipart"; partBytes: number };

/** How a file of `bytes` travels. Parts grow in whole MiB, so that 5 TB fits the 10,000 parts of S3. */
export function planUpload(bytes: number): UploadPlan {
  if (bytes <= SINGLE_PUT_MAX_BYTES) return { method: "put" };
  const needed = Math.ceil(bytes / PARTS_AIM / MIB) * MIB;
  return { method: "multipart", partBytes: Math.max(PART_MIN_BYTES, needed) };
}

export function partCount(bytes: number, partBytes: number): number {
  return Math.ceil(bytes / partBytes);
}

/** How many bytes part `partNumber` (from 1) has: all are alike but the last. */
export function partLength(bytes: number, partBytes: number, partNumber: number): number {
  return Math.min(partBytes, bytes - (partNumber - 1) * partBytes);
}
