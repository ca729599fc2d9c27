const MIB = 1024 * 1024;

/** S3 copies at most this in one request. */
export const SINGLE_COPY_LIMIT_BYTES = 5 * 1024 * MIB;

export interface CopyLimits {
  /** Larger files are copied in parts: in parallel, with progress, and resumable. */
  singleMaxBytes: number;
  partBytes: number;
  parallel: number;
}

export const copyLimits: CopyLimits = { singleMaxBytes: 1024 * MIB, partBytes: 256 * MIB, parallel: 8 };

export interface Range {
  partNumber: number;
  /** Inclusive byte positions. */
  first: number;
  last: number;
}

/** One request, or ranges that fit the 10,000 parts of S3. */
export function planCopy(
  bytes: number,
  limits: CopyLimits = copyLimits,
): { kind: "single" } | { kind: "parts"; partBytes: number } {
  if (bytes <= Math.min(limits.singleMaxBytes, SINGLE_COPY_LIMIT_BYTES)) return { kind: "single" };
  const needed = Math.ceil(bytes / 9_000 / MIB) * MIB;
  return { kind: "parts", partBytes: Math.max(limits.partBytes, needed) };
}

export function rangesOf(bytes: number, partBytes: number): Range[] {
  return Array.from({ length: Math.ceil(bytes / partBytes) }, (_, i) => ({
    partNumber: i + 1,
    first: i * partBytes,
    last: Math.min(bytes, (i + 1) * partBytes) - 1,
  }));
}
