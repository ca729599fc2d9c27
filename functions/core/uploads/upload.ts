import { z } from "zod";
import { fileName, id, page, sha256, time, xxh128 } from "../shape.ts";

export const uploadStates = [
  "open",
  "received",
  "promoting",
  "promoted",
  "refused",
  "expired",
  "aborted",
] as const;
export type UploadState = (typeof uploadStates)[number];

/** Parts come and go; what a cancellation is decided on is the state, so that is the revision. */
export const uploadRevision = (state: UploadState) => uploadStates.indexOf(state) + 1;

/** Sidecar facts from the set, kept with the version. */
export const manifest = z
  .object({
    camera: z.string().max(200).optional(),
    reel: z.string().max(200).optional(),
    startTimecode: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d[:;]\d{2}$/, "must be a timecode such as 01:00:00:00")
      .optional(),
    sha256: sha256.optional(),
    xxh128: xxh128.optional(),
  })
  .catchall(z.json());

export const openUploadInput = z.object({
  projectId: id("project"),
  folderId: id("folder").nullable().optional(),
  assetId: id("asset").nullable().optional(),
  name: fileName,
  bytes: z.int().min(1, "an empty file has nothing to review").max(5_497_558_138_880),
  contentType: z
    .string()
    .max(200)
    .regex(/^[\w.+-]+\/[\w.+-]+$/, "must be a media type such as video/mp4"),
  sha256: sha256.optional(),
  xxh128: xxh128.optional(),
  manifest: manifest.optional(),
});

export const putRequest = z.object({ url: z.string(), headers: z.record(z.string(), z.string()) });

/** The answer to presign. A `put` is signed for exactly this type and length. */
export const openedUpload = z.object({
  uploadId: id("upload"),
  method: z.enum(["put", "multipart"]),
  partBytes: z.int().optional(),
  put: putRequest.optional(),
  expiresAt: time,
});

export const signPartsInput = z.object({ partNumbers: z.array(z.int().min(1).max(10_000)).min(1).max(100) });
export const signedParts = z.object({
  parts: z.array(z.object({ partNumber: z.int(), url: z.string(), expiresAt: time })),
});

export const upload = z.object({
  uploadId: id("upload"),
  projectId: id("project"),
  folderId: id("folder").nullable(),
  assetId: id("asset").nullable(),
  versionId: id("version").nullable(),
  name: z.string(),
  bytes: z.int(),
  contentType: z.string(),
  method: z.enum(["put", "multipart"]),
  partBytes: z.int().nullable(),
  state: z.enum(uploadStates),
  /** Why it was refused, and the cure. */
  reason: z.string().nullable(),
  reasonCode: z.string().nullable(),
  /** Why it does not move on, in words; null while it does. */
  waiting: z.string().nullable(),
  /** What the storage holds already (multipart): resume after these. Empty in lists. */
  parts: z.array(z.object({ partNumber: z.int(), etag: z.string(), bytes: z.int() })),
  /** An open `put`, read by itself: signed anew, for a browser that came back later. */
  put: putRequest.nullable(),
  /** Copying to the master, 0..1. */
  progress: z.number(),
  expiresAt: time,
  createdAt: time,
});
export type Upload = z.infer<typeof upload>;

export const listUploadsQuery = page.extend({
  state: z.enum(uploadStates).optional(),
  projectId: id("project").optional(),
});

export const promoteInput = z.object({
  uploadId: id("upload"),
  parts: z
    .array(z.object({ partNumber: z.int().min(1).max(10_000), etag: z.string().min(1).max(200) }))
    .max(10_000)
    .optional(),
  /** The hashes of the whole file, computed while reading: either or both. Each is compared with the master's. */
  sha256: sha256.optional(),
  xxh128: xxh128.optional(),
});
export const promoted = z.object({ assetId: id("asset"), versionId: id("version"), state: z.string() });
