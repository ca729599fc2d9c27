/**
 * Every way the product turns a caller down. `http/problem.ts` gives each a status and a title;
 * adding a code here without a meaning there does not compile.
 */
export const refusalCodes = [
  "invalid",
  "unauthenticated",
  "bad-origin",
  "forbidden",
  "not-found",
  "conflict",
  "illegal-state",
  "locked",
  "under-hold",
  "needs-if-match",
  "stale",
  "key-reused",
  "key-in-flight",
  "rate-limited",
  "quota-exceeded",
  "storage-full",
  "too-large",
  "type-not-allowed",
  "not-media",
  "upload-incomplete",
  "upload-expired",
  "upload-refused",
  "hash-mismatch",
  "infected",
  "gone",
  "events-gone",
  "passphrase-required",
  "passphrase-wrong",
  "unavailable",
  "too-slow",
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

export interface FieldError {
  /** JSON pointer into the request body, or `?name` for a query parameter. */
  pointer: string;
  detail: string;
}

/** The product turned a caller down. Anything else thrown is a defect. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: RefusalCode,
    detail: string,
    extra: { errors?: FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, "cause" in extra ? { cause: extra.cause } : undefined);
    this.name = "Refusal";
    this.code = code;
    this.errors = extra.errors;
    this.retryAfterSeconds = extra.retryAfterSeconds;
  }
}

export function refuse(
  code: RefusalCode,
  detail: string,
  extra?: ConstructorParameters<typeof Refusal>[2],
): never {
  throw new Refusal(code, detail, extra);
}

/** What is absent and what belongs to someone else read alike. */
export function notFound(what: string): never {
  throw new Refusal("not-found", `There is no such ${what}, or you may not see it.`);
}
