import { z } from "zod";
import { asset, version } from "../assets/asset.ts";
import { id, page, time, words } from "../shape.ts";

const passphrase = z
  .string()
  .min(4)
  .max(200)
  .refine((text) => !text.includes("\0"), { error: "must not contain NUL" });
const versionIds = z.array(id("version")).max(200);

const allow = z.object({
  comment: z.boolean().default(false),
  approve: z.boolean().default(false),
  download: z.boolean().default(false),
  upload: z.boolean().default(false),
});

export const createShareInput = z
  .object({
    projectId: id("project"),
    name: words(200).optional(),
    versionIds: versionIds.default([]),
    passphrase: passphrase.nullable().optional(),
    expiresAt: time.nullable().optional(),
    allow: allow.optional(),
    watermark: words(200).nullable().optional(),
  })
  .refine((input) => input.versionIds.length > 0 || input.allow?.upload === true, {
    error: "must name what to show, unless guests may upload",
    path: ["versionIds"],
  });

export const updateShareInput = z.object({
  name: words(200).optional(),
  versionIds: versionIds.optional(),
  passphrase: passphrase.nullable().optional(),
  expiresAt: time.nullable().optional(),
  allow: z
    .object({ comment: z.boolean(), approve: z.boolean(), download: z.boolean(), upload: z.boolean() })
    .partial()
    .optional(),
  watermark: words(200).nullable().optional(),
  /** True: a new link; the old one and every visit of it end at once. */
  renewLink: z.boolean().optional(),
});

export const shareQuery = page.extend({
  projectId: id("project"),
  /** Only shares that show this version. */
  versionId: id("version").optional(),
});

export const share = z.object({
  id: id("share"),
  projectId: id("project"),
  name: z.string(),
  /** The link to hand out: the site's page with the token. */
  url: z.string().nullable(),
  token: z.string().nullable(),
  versionIds: z.array(id("version")),
  hasPassphrase: z.boolean(),
  allow: z.object({ comment: z.boolean(), approve: z.boolean(), download: z.boolean(), upload: z.boolean() }),
  watermark: z.string().nullable(),
  expiresAt: time.nullable(),
  views: z.int(),
  downloads: z.int(),
  createdBy: z.string(),
  createdAt: time,
  updatedAt: time,
});

/** What a guest sees of a share. `items` is empty until a passphrase, if there is one, was given. */
export const openedShare = z.object({
  name: z.string(),
  projectName: z.string(),
  projectId: id("project"),
  sharedBy: z.string(),
  needsPassphrase: z.boolean(),
  unlocked: z.boolean(),
  /** Who the asker is on what they write. */
  guest: z.object({ id: z.string(), name: z.string() }).nullable(),
  allow: z.object({ comment: z.boolean(), approve: z.boolean(), download: z.boolean(), upload: z.boolean() }),
  watermark: z.string().nullable(),
  expiresAt: time.nullable(),
  items: z.array(z.object({ asset, version })),
});

export const unlockInput = z.object({
  passphrase: z.string().max(200).nullable().optional(),
  name: words(200),
});
/** `token` is a guest session (`rg_…`), also set as a cookie. */
export const unlockedShare = z.object({ token: z.string(), expiresAt: time, share: openedShare });

export const shareVisit = z.object({
  kind: z.enum(["view", "download"]),
  guestName: z.string().nullable(),
  versionId: id("version").nullable(),
  at: time,
});
export type Share = z.infer<typeof share>;
export type OpenedShare = z.infer<typeof openedShare>;
export type ShareVisit = z.infer<typeof shareVisit>;
