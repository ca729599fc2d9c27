import { z } from "zod";
import { id, time } from "../shape.ts";

export const seq = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const logQuery = z.object({
  projectId: id("project"),
  /** Events after this number; 0 for all. */
  after: seq.default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const loggedEvent = z.object({
  /** Rises with every event; go on with `after`. */
  seq: z.int(),
  /** The same as `webhook-id` of its deliveries. */
  id: id("event"),
  type: z.string(),
  timestamp: time,
  data: z.record(z.string(), z.json()),
});

export const eventLog = z.object({
  items: z.array(loggedEvent),
  /** For `after`: null when the end was reached. */
  nextCursor: z.string().nullable(),
  /** The last number this answer covers: poll with it. */
  lastSeq: z.int(),
});

export const streamQuery = z.object({
  /** Without one, a person hears only of notices of their own, which every stream of theirs carries. */
  projectId: id("project").optional(),
  /** What the page shows; presence is told for it. Guests name a version of their share. */
  versionId: id("version").optional(),
  /** Where to go on, for clients that cannot send Last-Event-ID. */
  after: seq.optional(),
  /** When what one has was read: what happened since then comes first. */
  since: time.optional(),
});

/** What the leader of a shared session does now. Small: it is sent many times a second. */
export const leadInput = z.object({
  versionId: id("version"),
  state: z
    .record(z.string().max(40), z.json())
    .refine((state) => JSON.stringify(state).length <= 16_000, { error: "may have at most 16 kB" }),
});
