import { z } from "zod";
import { roles } from "../auth/actor.ts";
import { fileName, id, page, time, words } from "../shape.ts";

export const role = z.enum(roles);
export const lockMode = z.enum(["GOVERNANCE", "COMPLIANCE"]);

export const project = z.object({
  id: id("project"),
  name: z.string(),
  /** The asker's role; a deployment admin who is no member reads as manager. */
  role,
  lockMode,
  lockDays: z.int(),
  /** Of masters to come. */
  storageClass: z.string(),
  quotaBytes: z.int().nullable(),
  storageUsedBytes: z.int(),
  assetCount: z.int(),
  /** Signed pictures of the newest assets, at most three. */
  posters: z.array(z.string()),
  allowedTypes: z.array(z.string()).nullable(),
  reviewersMayDownload: z.boolean(),
  createdAt: time,
  updatedAt: time,
});
export type Project = z.infer<typeof project>;

const policy = {
  lockMode: lockMode.optional(),
  lockDays: z.int().min(1).max(36500).optional(),
  /** One that the deployment offers. */
  storageClass: z
    .string()
    .regex(/^[A-Z_]{1,40}$/, "must be a storage class such as STANDARD")
    .optional(),
  quotaBytes: z.int().min(0).nullable().optional(),
  allowedTypes: z.array(z.string().min(3).max(100)).max(100).nullable().optional(),
  reviewersMayDownload: z.boolean().optional(),
};
export const createProjectInput = z.object({ name: words(200), ...policy });
export const updateProjectInput = z.object({ name: words(200).optional(), ...policy });

export const member = z.object({
  person: z.object({ id: id("person"), name: z.string(), email: z.string() }),
  role,
  createdAt: time,
});
export const addMemberInput = z.object({
  email: z.email().max(320).toLowerCase(),
  name: words(200).optional(),
  role,
});
export const updateMemberInput = z.object({ role });

export const folder = z.object({
  id: id("folder"),
  projectId: id("project"),
  parentId: id("folder").nullable(),
  name: z.string(),
  createdAt: time,
  updatedAt: time,
});
export const createFolderInput = z.object({ name: fileName, parentId: id("folder").nullable().optional() });
export const updateFolderInput = z.object({
  name: fileName.optional(),
  parentId: id("folder").nullable().optional(),
});

export const projectQuery = page.extend({
  /** Part of the name. */
  q: words(200).optional(),
});
export const memberQuery = page.extend({
  /** Part of the name or address, for mentions. */
  q: words(200).optional(),
});
