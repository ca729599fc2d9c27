import { z } from "zod";
import { author, id, page, time } from "../shape.ts";

export const auditQuery = page.extend({
  /** Managers read their project's; without it admins of the deployment read everything. */
  projectId: id("project").optional(),
  /** The id of a person, key or guest. */
  actor: z.string().max(100).optional(),
  /** The id of what it was done to. */
  subject: z.string().max(100).optional(),
  /** `noun.verb`, or `noun.` for every verb of a noun. */
  action: z
    .string()
    .regex(/^[a-z-]{1,40}\.[a-z-]{0,40}$/, "must be noun.verb, or noun. for all of a noun")
    .optional(),
  from: time.optional(),
  until: time.optional(),
});

export const auditEntry = z.object({
  seq: z.int(),
  at: time,
  projectId: id("project").nullable(),
  actor: author,
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.json()),
  requestId: z.string().nullable(),
  /** Covers this entry and the hash before it, in hex. */
  hash: z.string(),
});
export type AuditItem = z.infer<typeof auditEntry>;

export const verifyQuery = z.object({
  /** Go on from here: `nextAfter` of the answer before. */
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});

export const verifiedChain = z.object({
  intact: z.boolean(),
  /** How many entries were walked by this call. */
  checked: z.int(),
  /** The first entry whose hash, or whose predecessor's, is not what stands there. */
  brokenAt: z.int().nullable(),
  /** The last entry walked, and its hash: keep it elsewhere, and a cut-off end shows too. */
  head: z.object({ seq: z.int(), hash: z.string() }).nullable(),
  /** Null when the end was reached. */
  nextAfter: z.int().nullable(),
});
