import { z } from "zod";
import { lockMode } from "../projects/project.ts";
import { author, fileName, id, page, time, words } from "../shape.ts";

export const versionStates = ["promoting", "mastered", "building", "playable", "ready", "failed"] as const;
export type VersionState = (typeof versionStates)[number];

/** What a person decides on when deleting a version is its state, so that is its revision. */
export const versionRevision = (state: VersionState) => versionStates.indexOf(state) + 1;

export const rate = z.object({ num: z.int().min(1), den: z.int().min(1) });

/**
 * What the probe found: the frame model every player, comment and export uses.
 * `frames` counts the preview's frames; frame n of the preview is frame n of the source.
 */
export const media = z.object({
  kind: z.enum(["video", "audio", "image"]),
  durationSeconds: z.number().min(0),
  width: z.int().nullable(),
  height: z.int().nullable(),
  rate: rate.nullable(),
  frames: z.int().nullable(),
  /** `HH:MM:SS:FF`, `;` before the frames when drop-frame. */
  startTimecode: z.string(),
  dropFrame: z.boolean(),
  variable: z.boolean(),
  /** Variable rate only: the presentation time of every frame, in seconds. */
  pts: z.array(z.number()).nullable(),
  container: z.string().nullable(),
  video: z
    .object({
      codec: z.string(),
      profile: z.string().nullable(),
      pixelFormat: z.string().nullable(),
      bitDepth: z.int().nullable(),
      hdr: z.enum(["hdr10", "hlg"]).nullable(),
      interlaced: z.boolean(),
      rotation: z.int(),
    })
    .nullable(),
  audio: z.array(
    z.object({
      index: z.int(),
      codec: z.string(),
      channels: z.int(),
      language: z.string().nullable(),
      title: z.string().nullable(),
    }),
  ),
  subtitles: z.array(
    z.object({ index: z.int(), language: z.string().nullable(), title: z.string().nullable() }),
  ),
  loudness: z
    .object({ integratedLufs: z.number(), rangeLu: z.number(), truePeakDbtp: z.number() })
    .nullable(),
});
export type Media = z.infer<typeof media>;

export const verdicts = ["approved", "changes-requested"] as const;
/** Where an asset stands in review, from its newest version's state and verdicts. */
export const statuses = ["processing", "in-review", "changes-requested", "approved", "failed"] as const;
export type AssetStatus = (typeof statuses)[number];

export const version = z.object({
  id: id("version"),
  assetId: id("asset"),
  projectId: id("project"),
  number: z.int(),
  name: z.string(),
  state: z.enum(versionStates),
  status: z.enum(statuses),
  reason: z.string().nullable(),
  reasonCode: z.string().nullable(),
  bytes: z.int(),
  contentType: z.string(),
  media: media.nullable(),
  lock: z.object({ mode: lockMode, until: time }).nullable(),
  legalHold: z.boolean(),
  openComments: z.int(),
  /** Build progress, 0..1. */
  progress: z.number(),
  createdBy: author.nullable(),
  createdAt: time,
});
export type Version = z.infer<typeof version>;

export const asset = z.object({
  id: id("asset"),
  projectId: id("project"),
  folderId: id("folder").nullable(),
  name: z.string(),
  status: z.enum(statuses),
  versionCount: z.int(),
  /** The newest version. */
  version: version.nullable(),
  /** Signed edge URLs of the newest playable version, for lists. */
  poster: z.string().nullable(),
  storyboard: z.string().nullable(),
  createdBy: author.nullable(),
  createdAt: time,
  updatedAt: time,
});
export type Asset = z.infer<typeof asset>;

/** Orders of a list; a minus turns one around. */
export const assetSorts = ["-createdAt", "createdAt", "-updatedAt", "updatedAt", "name", "-name"] as const;
export type AssetSort = (typeof assetSorts)[number];

export const assetQuery = page.extend({
  projectId: id("project"),
  /** A folder, or `root` for what lies in none; left out for the whole project. */
  folderId: z.union([id("folder"), z.literal("root")]).optional(),
  /** Part of the name. */
  q: z.string().trim().max(255).optional(),
  status: z.enum(statuses).optional(),
  sort: z.enum(assetSorts).default("-createdAt"),
});

export const updateAssetInput = z.object({
  name: fileName.optional(),
  folderId: id("folder").nullable().optional(),
});

export const legalHoldInput = z.object({ on: z.boolean(), reason: words(1000) });
export const retentionInput = z.object({ until: time });
export const download = z.object({ url: z.string(), expiresAt: time });

export const custody = z.object({
  versionId: id("version"),
  hashes: z.object({
    sha256: z.string().nullable(),
    xxh128: z.string().nullable(),
    c4: z.string().nullable(),
    /** The SHA-256 that the sender computed. */
    client: z.string().nullable(),
    /** The xxh128 that the sender computed: browsers send this one. */
    clientXxh128: z.string().nullable(),
  }),
  storage: z.object({
    key: z.string(),
    versionId: z.string().nullable(),
    etag: z.string().nullable(),
    bytes: z.int(),
    /** The storage does not have the master that is on record; lock and hold are then as recorded. */
    missing: z.boolean(),
  }),
  /** As the storage answered just now; null before the master is locked. */
  lock: z.object({ mode: lockMode, until: time, readAt: time }).nullable(),
  legalHold: z.object({ on: z.boolean(), reason: z.string().nullable(), placedBy: z.string().nullable() }),
  manifest: z.json().nullable(),
  /** When `verify-masters` last read the master in full; the chain says what it found. */
  verifiedAt: time.nullable(),
  /** ASC MHL generations, oldest first; each can be downloaded. */
  generations: z.array(z.object({ generation: z.int(), fileName: z.string(), createdAt: time })),
  chain: z.array(
    z.object({ at: time, actor: author, action: z.string(), detail: z.record(z.string(), z.json()) }),
  ),
});

export const approvalInput = z.object({ verdict: z.enum(verdicts), note: words(10_000).optional() });
export const approval = z.object({
  id: id("approval"),
  versionId: id("version"),
  verdict: z.enum(verdicts),
  note: z.string().nullable(),
  author,
  at: time,
});

export const comparison = z.object({
  left: z.object({ version, playback: z.lazy(() => playback).nullable() }),
  right: z.object({ version, playback: z.lazy(() => playback).nullable() }),
  /** Add to a left frame to get the right frame of the same start timecode. */
  frameOffset: z.int(),
});

/** Signed edge URLs, all under one token. */
export const playback = z.object({
  /** HLS master playlist; null for stills. */
  master: z.string().nullable(),
  poster: z.string().nullable(),
  storyboard: z.string().nullable(),
  peaks: z.string().nullable(),
  /** A still's viewable picture. */
  image: z.string().nullable(),
  /** While the ladder is encoding: the source repacked, playable to its end where the browser knows its codec. */
  instant: z.string().nullable(),
  expiresAt: time,
});

export const preview = z.object({
  versionId: id("version"),
  jobId: id("job").nullable(),
  state: z.enum(versionStates),
  progress: z.number(),
  speed: z.number().nullable(),
  etaSeconds: z.number().nullable(),
  /** What encodes or encoded it: `cpu`, `gpu`, `mixed`. */
  engine: z.string().nullable(),
  reason: z.string().nullable(),
  reasonCode: z.string().nullable(),
  /** Why the build cannot move on: a full storage or disk. It goes on by itself. */
  waiting: z.string().nullable(),
  /** What of the master the preview does not show, in sentences. */
  warnings: z.array(z.string()),
  rungs: z.array(
    z.object({ name: z.string(), width: z.int(), height: z.int(), bandwidth: z.int(), codecs: z.string() }),
  ),
  media: media.nullable(),
  playback: playback.nullable(),
});
