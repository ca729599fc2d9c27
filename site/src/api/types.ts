/** The shapes of the wire that the pages use. Times are ISO 8601 UTC, sizes bytes. */
export type Role = "viewer" | "reviewer" | "editor" | "manager";

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface Author {
  kind: "person" | "key" | "guest" | "system";
  id: string | null;
  name: string;
}

export interface Person {
  id: string;
  name: string;
  email: string;
}

export interface Project {
  id: string;
  name: string;
  role: Role;
  lockMode: "GOVERNANCE" | "COMPLIANCE";
  lockDays: number;
  quotaBytes: number | null;
  storageUsedBytes: number;
  assetCount: number;
  allowedTypes: string[] | null;
  reviewersMayDownload: boolean;
  createdAt: string;
  updatedAt: string;
}

export interface Member {
  person: Person;
  role: Role;
  createdAt: string;
}

export interface Folder {
  id: string;
  projectId: string;
  parentId: string | null;
  name: string;
  createdAt: string;
  updatedAt: string;
}

export type VersionState = "promoting" | "mastered" | "building" | "playable" | "ready" | "failed";
export type Status = "processing" | "in-review" | "changes-requested" | "approved" | "failed";
export type Verdict = "approved" | "changes-requested";

export interface Media {
  kind: "video" | "audio" | "image";
  durationSeconds: number;
  width: number | null;
  height: number | null;
  rate: { num: number; den: number } | null;
  frames: number | null;
  startTimecode: string;
  dropFrame: boolean;
  variable: boolean;
  pts: number[] | null;
  container: string | null;
  video: {
    codec: string;
    profile: string | null;
    pixelFormat: string | null;
    bitDepth: number | null;
    hdr: "hdr10" | "hlg" | null;
    interlaced: boolean;
    rotation: number;
  } | null;
  audio: { index: number; codec: string; channels: number; language: string | null; title: string | null }[];
  subtitles: { index: number; language: string | null; title: string | null }[];
  loudness: { integratedLufs: number; rangeLu: number; truePeakDbtp: number } | null;
}

export interface Version {
  id: string;
  assetId: string;
  projectId: string;
  number: number;
  name: string;
  state: VersionState;
  status: Status;
  reason: string | null;
  reasonCode: string | null;
  bytes: number;
  contentType: string;
  media: Media | null;
  lock: { mode: "GOVERNANCE" | "COMPLIANCE"; until: string } | null;
  legalHold: boolean;
  openComments: number;
  progress: number;
  createdBy: Author | null;
  createdAt: string;
}

export interface Asset {
  id: string;
  projectId: string;
  folderId: string | null;
  name: string;
  status: Status;
  versionCount: number;
  version: Version | null;
  poster: string | null;
  storyboard: string | null;
  createdBy: Author | null;
  createdAt: string;
  updatedAt: string;
}

export interface Playback {
  master: string | null;
  poster: string | null;
  storyboard: string | null;
  peaks: string | null;
  image: string | null;
  expiresAt: string;
}

export interface Preview {
  versionId: string;
  jobId: string | null;
  state: VersionState;
  progress: number;
  speed: number | null;
  etaSeconds: number | null;
  engine: string | null;
  reason: string | null;
  reasonCode: string | null;
  rungs: { name: string; width: number; height: number; bandwidth: number; codecs: string }[];
  media: Media | null;
  playback: Playback | null;
}

export type Tool = "pen" | "arrow" | "box" | "ellipse" | "text";
export interface Shape {
  tool: Tool;
  color: string;
  width: number;
  points: [number, number][];
  text?: string;
}
export interface Drawing {
  shapes: Shape[];
}

export interface Comment {
  id: string;
  versionId: string;
  projectId: string;
  replyTo: string | null;
  frame: number;
  endFrame: number | null;
  text: string;
  drawing: Drawing | null;
  mentions: string[];
  author: Author;
  resolvedAt: string | null;
  resolvedBy: string | null;
  editedAt: string | null;
  createdAt: string;
  updatedAt: string;
  etag: string;
}

export interface Approval {
  id: string;
  versionId: string;
  verdict: Verdict;
  note: string | null;
  author: Author;
  at: string;
}

export interface Custody {
  versionId: string;
  hashes: { sha256: string | null; xxh128: string | null; c4: string | null; client: string | null };
  storage: { key: string; versionId: string | null; etag: string | null; bytes: number };
  lock: { mode: "GOVERNANCE" | "COMPLIANCE"; until: string; readAt: string } | null;
  legalHold: { on: boolean; reason: string | null; placedBy: string | null };
  manifest: unknown;
  chain: { at: string; actor: Author; action: string; detail: Record<string, unknown> }[];
}

export interface Comparison {
  left: { version: Version; playback: Playback | null };
  right: { version: Version; playback: Playback | null };
  frameOffset: number;
}

export interface Allow {
  comment: boolean;
  approve: boolean;
  download: boolean;
  upload: boolean;
}

export interface Share {
  id: string;
  projectId: string;
  name: string;
  url: string | null;
  token: string | null;
  versionIds: string[];
  hasPassphrase: boolean;
  allow: Allow;
  watermark: string | null;
  expiresAt: string | null;
  views: number;
  downloads: number;
  createdBy: string;
  createdAt: string;
  updatedAt: string;
}

export interface OpenedShare {
  name: string;
  projectName: string;
  projectId: string;
  sharedBy: string;
  needsPassphrase: boolean;
  unlocked: boolean;
  guest: { name: string } | null;
  allow: Allow;
  watermark: string | null;
  expiresAt: string | null;
  items: { asset: Asset; version: Version }[];
}

export interface ShareVisit {
  kind: "view" | "download";
  guestName: string | null;
  versionId: string | null;
  at: string;
}

export type UploadState = "open" | "received" | "promoting" | "promoted" | "refused" | "expired" | "aborted";

export interface OpenedUpload {
  uploadId: string;
  method: "put" | "multipart";
  partBytes?: number;
  put?: { url: string; headers: Record<string, string> };
  expiresAt: string;
}

export interface SignedParts {
  parts: { partNumber: number; url: string; expiresAt: string }[];
}

export interface Upload {
  uploadId: string;
  projectId: string;
  folderId: string | null;
  assetId: string | null;
  versionId: string | null;
  name: string;
  bytes: number;
  contentType: string;
  method: "put" | "multipart";
  partBytes: number | null;
  state: UploadState;
  reason: string | null;
  reasonCode: string | null;
  parts: { partNumber: number; etag: string; bytes: number }[];
  progress: number;
  expiresAt: string;
  createdAt: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance: string;
  errors?: { pointer: string; detail: string }[];
}
