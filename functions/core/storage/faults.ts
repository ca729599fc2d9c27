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

export function isDenied(error: unknown): boolean {
  return (error as Error | null)?.name === "AccessDenied" || statusOf(error) === 403;
}
