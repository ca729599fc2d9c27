import { Refusal, type RefusalCode } from "#core/refusal.ts";
import { isFull } from "#core/storage/faults.ts";

/** What each refusal means over HTTP. A code without a row does not compile. */
export const problems: Record<RefusalCode, { status: number; title: string; cure: string }> = {
  invalid: {
    status: 400,
    title: "The request is not valid",
    cure: "Correct the fields listed under errors and send it again.",
  },
  unauthenticated: {
    status: 401,
    title: "Sign in first",
    cure: "Sign in, or send an API key, a token of the configured issuer, or a share token.",
  },
  "bad-origin": {
    status: 403,
    title: "Not from this page",
    cure: "Requests with a session cookie must come from the Rushes site.",
  },
  forbidden: {
    status: 403,
    title: "Your role does not allow this",
    cure: "Ask a manager of the project for a role that does.",
  },
  "not-found": {
    status: 404,
    title: "Not found",
    cure: "Check the address. What belongs to someone else reads the same.",
  },
  conflict: {
    status: 409,
    title: "In conflict with what is there",
    cure: "Read the current state and decide again.",
  },
  "illegal-state": {
    status: 409,
    title: "Not possible in this state",
    cure: "Read the current state; the detail says which states allow it.",
  },
  locked: {
    status: 409,
    title: "Locked",
    cure: "Wait until the date in the detail. Nobody can delete it before.",
  },
  "under-hold": {
    status: 409,
    title: "Under legal hold",
    cure: "A second manager has to release the hold first.",
  },
  "needs-if-match": {
    status: 428,
    title: "If-Match is required",
    cure: "Read the resource and send its ETag as If-Match.",
  },
  stale: {
    status: 412,
    title: "Changed since you read it",
    cure: "Read it again and repeat the change on the new state.",
  },
  "key-reused": {
    status: 422,
    title: "Idempotency-Key was used for another request",
    cure: "Use a new key for a new request.",
  },
  "key-in-flight": {
    status: 409,
    title: "The first request with this key is still running",
    cure: "Repeat the same request after Retry-After.",
  },
  "rate-limited": { status: 429, title: "Too many requests", cure: "Wait for Retry-After seconds." },
  "quota-exceeded": {
    status: 409,
    title: "The project is full",
    cure: "Delete what is no longer needed, or ask a manager to raise the quota.",
  },
  "storage-full": {
    status: 507,
    title: "The storage is full",
    cure: "Nothing is lost. An administrator has to make room; then repeat the request.",
  },
  "too-large": { status: 413, title: "Too large", cure: "The detail names the limit." },
  "type-not-allowed": {
    status: 415,
    title: "This type is not accepted here",
    cure: "Send one of the types named in the detail.",
  },
  "not-media": {
    status: 422,
    title: "The content is not the declared media",
    cure: "Export the file again and upload that.",
  },
  "upload-incomplete": {
    status: 409,
    title: "The upload is not complete",
    cure: "Upload what is missing, then promote again.",
  },
  "upload-expired": { status: 410, title: "The upload has expired", cure: "Start the upload again." },
  "upload-refused": {
    status: 409,
    title: "The upload was refused",
    cure: "The detail gives the reason and what to do.",
  },
  "hash-mismatch": {
    status: 422,
    title: "The content does not have the announced hash",
    cure: "Upload the file again; what arrived is not what was read.",
  },
  infected: {
    status: 422,
    title: "The scanner found something in this file",
    cure: "Clean the file and upload it again.",
  },
  "events-gone": {
    status: 410,
    title: "These events are no longer kept",
    cure: "Read the state of the project again, then go on after the number in the detail.",
  },
  gone: { status: 410, title: "No longer there", cure: "Ask whoever sent the link for a new one." },
  "passphrase-required": {
    status: 401,
    title: "This link needs a passphrase",
    cure: "Unlock it with the passphrase you were given.",
  },
  "passphrase-wrong": {
    status: 403,
    title: "That is not the passphrase",
    cure: "Check it with whoever sent the link.",
  },
  unavailable: {
    status: 503,
    title: "A part we depend on does not answer",
    cure: "Nothing is lost. Try again after Retry-After.",
  },
  "too-slow": {
    status: 504,
    title: "A part we depend on took too long",
    cure: "Nothing is lost. Try again.",
  },
};

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance: string;
  errors?: { pointer: string; detail: string }[];
}

/** RFC 9457. `docs` is the page that explains every code; a defect shows its request id and nothing more. */
export function problemOf(
  error: unknown,
  requestId: string,
  docs: string,
): { problem: Problem; headers: Record<string, string> } {
  const refusal = error instanceof Refusal ? error : outageOf(error);
  if (!refusal)
    return {
      problem: {
        type: `${docs}#internal`,
        title: "Something broke on our side",
        status: 500,
        instance: requestId,
      },
      headers: {},
    };
  const { status, title } = problems[refusal.code];
  const retryAfter = refusal.retryAfterSeconds ?? (status === 503 ? 2 : undefined);
  return {
    problem: {
      type: `${docs}#${refusal.code}`,
      title,
      status,
      detail: refusal.message,
      instance: requestId,
      ...(refusal.errors ? { errors: refusal.errors } : {}),
    },
    headers: {
      ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
      ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="rushes"' } : {}),
    },
  };
}

const outageCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "ETIMEDOUT",
  "ERR_SOCKET_CLOSED",
  "ConnectionRefused",
  "ConnectionClosed",
  "FailedToOpenSocket",
  "EHOSTUNREACH",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "57014",
  "57P01",
  "57P02",
  "57P03",
  "53100",
  "53200",
  "53300",
  "55P03",
  "25006",
]);
const outageNames = new Set([
  "TimeoutError",
  "MaxRetriesPerRequestError",
  "ServiceUnavailable",
  "SlowDown",
  "NetworkingError",
]);

/** A dependency that is down or slow is an outage the caller may wait out, not a defect. */
function outageOf(error: unknown): Refusal | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const { code, name, message } = cause as Error & { code?: string };
    if (isFull(cause))
      return new Refusal(
        "storage-full",
        "The storage is full. What has arrived is kept; ask an administrator to make room, then go on.",
      );
    if (
      outageCodes.has(code ?? "") ||
      outageNames.has(name) ||
      message === "Command timed out" ||
      message === "Connection is closed."
    )
      return new Refusal(
        "unavailable",
        "A part we depend on does not answer. Nothing is lost; try again shortly.",
      );
  }
  return undefined;
}
