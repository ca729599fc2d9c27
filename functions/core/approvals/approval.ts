import { z } from "zod";
import { verdicts } from "../assets/asset.ts";
import { id, time, words } from "../shape.ts";

export const reviewRequestInput = z.object({
  personIds: z.array(id("person")).min(1).max(50),
  dueAt: time.nullable().optional(),
  note: words(2000).nullable().optional(),
});

export const reviewRequest = z.object({
  id: id("reviewRequest"),
  versionId: id("version"),
  projectId: id("project"),
  assetId: id("asset"),
  assetName: z.string(),
  versionNumber: z.int(),
  person: z.object({ id: id("person"), name: z.string() }),
  requestedBy: z.string(),
  dueAt: time.nullable(),
  note: z.string().nullable(),
  /** The latest verdict of this person on this version; null while it is awaited. */
  verdict: z.enum(verdicts).nullable(),
  createdAt: time,
});
export type ReviewRequest = z.infer<typeof reviewRequest>;

export const reviewRequestQuery = z.object({
  projectId: id("project").optional(),
  /** Only those without a verdict. */
  open: z.enum(["true", "false"]).default("true"),
});
