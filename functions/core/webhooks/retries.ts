const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long after the previous attempt each attempt comes; the schedule of Standard Webhooks. */
export const attemptDelaysMs = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

const longestWaitMs = 24 * HOUR;

/**
 * Milliseconds until the attempt after `made` attempts, or null when that was the last one. Up to 10 % later, so
 * that an endpoint that comes back is not met by all at once. `Retry-After` may lengthen the wait up to a day.
 */
export function nextAttemptMs(
  made: number,
  retryAfterMs: number | null,
  random = Math.random(),
): number | null {
  const planned = attemptDelaysMs[made];
  if (planned === undefined) return null;
  const asked = Math.min(retryAfterMs ?? 0, longestWaitMs);
  return Math.max(Math.round(planned * (1 + random / 10)), asked);
}

/** `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3); null when absent or unreadable. */
export function retryAfterMs(value: string | undefined, now: Date): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * SECOND;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}
