/** What a storage error means to us, whichever server and SDK layer it came from. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

const absentNames = new Set(["NotFound", "NoSuchKey", "NoSuchUpload", "NoSuchVersion"]);

export function isAbsent(error: unknown): boolean {
  return absentNames.has((error as Error | null)?.name ?? "") || statusOf(error) === 404;
}

export function isPreconditionFailed(error: unknown): boolean {
  return (error as Error | null)?.name === "PreconditionFailed" || statusOf(error) === 412;
}

const fullNames = new Set(["QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"]);

/** No room is left. Ceph says so with 403, as if it were a question of rights; others with 507. */
export function isFull(error: unknown): boolean {
  return fullNames.has((error as Error | null)?.name ?? "") || statusOf(error) === 507;
}

export function isDenied(error: unknown): boolean {
  if (isFull(error)) return false;
  return (error as Error | null)?.name === "AccessDenied" || statusOf(error) === 403;
}
