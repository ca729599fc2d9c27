import type { z } from "zod";
import type { QueueName } from "#core/outbox.ts";
import type { RefusalCode } from "#core/refusal.ts";

export type Method = "GET" | "POST" | "PATCH" | "DELETE";
export type BucketVerb = "put" | "get" | "delete" | "list" | "lock" | "read-lock";
export type Bucket = "staging" | "masters" | "previews" | "docs";

/** One endpoint as data: read by `serve.ts`, the OpenAPI document, `stacks/` and the contract test. */
export interface Route {
  method: Method;
  /** Under `/api`, parameters as `:name`. */
  path: string;
  /** One line, imperative. */
  summary: string;
  /** Who may call: anyone, anyone with a credential, or share guests too. Roles are checked in core. */
  auth: "none" | "actor" | "actor-or-guest";
  query?: z.ZodObject;
  body?: z.ZodType;
  answer?: { status: 200 | 201 | 202 | 204 | 302; schema?: z.ZodType; type?: string };
  /** Takes Idempotency-Key. Every POST that creates or starts something. */
  idempotent?: boolean;
  /** Needs If-Match. */
  ifMatch?: boolean;
  refusals?: readonly RefusalCode[];
}

/** What a function may touch. `stacks/` turns it into IAM and database grants. */
export interface Touches {
  tables: Readonly<Record<string, "read" | "write">>;
  buckets?: Partial<Record<Bucket, readonly BucketVerb[]>>;
  queues?: readonly QueueName[];
  redis?: boolean;
}

export interface ApiFunction {
  kind: "api";
  name: string;
  routes: readonly Route[];
  /** Path prefixes under which the function serves pages of its own, besides its routes. */
  mounts?: readonly string[];
  touches: Touches;
}

/** Woken by a queue or a clock, never by a person. */
export interface Trigger {
  kind: "trigger";
  name: string;
  wokenBy: { queue: QueueName; concurrency: number; leaseMs: number } | { every: string; minutes: number };
  touches: Touches;
}
