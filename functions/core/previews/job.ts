import { z } from "zod";
import type { ClientHashes } from "../custody/client-hashes.ts";
import { recipeSchema } from "./recipe.ts";

/** `queued -> running -> done | failed`; a hand-back returns to `queued`; a person cancels what is not finished. */
export const jobStates = ["queued", "running", "done", "failed", "cancelled"] as const;
export type JobState = (typeof jobStates)[number];

export const jobMoves: Record<JobState, readonly JobState[]> = {
  queued: ["running", "cancelled", "failed"],
  running: ["queued", "done", "failed", "cancelled"],
  done: [],
  failed: [],
  cancelled: [],
};

/** A running job without a heartbeat for this long belongs to whoever claims it next. */
export const JOB_LEASE_MS = 30_000;
/** Claims of one job, crashes included, before it fails for good. */
export const JOB_MAX_ATTEMPTS = 5;

/** Why a build ended without a preview. The reason beside it is a sentence with a cure. */
export const failureCodes = [
  "not-media",
  "no-samples",
  "format-not-supported",
  "codec-not-supported",
  "too-many-pixels",
  "too-long",
  "too-many-streams",
  "too-large",
  "truncated",
  "damaged",
  "master-mismatch",
  "master-missing",
  "deadline",
  "scratch-full",
  "gave-up",
] as const;
export type FailureCode = (typeof failureCodes)[number];

/** The input, not the worker, is why there is no preview: trying again would end the same way. */
export class BuildFailure extends Error {
  override name = "BuildFailure";
  readonly code: FailureCode;
  constructor(code: FailureCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** A claimed job with what its worker needs to know of the version. */
export interface Claim {
  jobId: string;
  fence: number;
  attempt: number;
  versionId: string;
  assetId: string;
  projectId: string;
  recipe: z.infer<typeof recipeSchema>;
  recipeHash: string;
  traceparent: string | null;
  master: { key: string; storageVersionId: string | null; bytes: number };
  clientHashes: ClientHashes;
  /** What an earlier full read of the master found; null before the first. */
  knownSha256: string | null;
  /** What it may well be, from what the sender said: worth a look for a finished build, and no proof. */
  presumedSha256: string | null;
  /** True when the version already shows a finished preview: this build replaces it only at its end. */
  isRebuild: boolean;
  /** The edges refuse it since an earlier build: it is shown again only when its master was read and found right. */
  isWithdrawn: boolean;
  /** Where an earlier claim left what people watch meanwhile; null when they see nothing or a finished preview. */
  shownPrefix: string | null;
  /** Integrated loudness that an earlier build measured. */
  knownLufs: number | null;
}

export const claimRow = z.object({
  id: z.string(),
  fence: z.number().int(),
  attempts: z.number().int(),
  version_id: z.string(),
  asset_id: z.string(),
  project_id: z.string(),
  recipe: recipeSchema,
  recipe_hash: z.string(),
  traceparent: z.string().nullable(),
  master_key: z.string(),
  master_version_id: z.string().nullable(),
  bytes: z.number().int(),
  client_sha256: z.string().nullable(),
  client_xxh128: z.string().nullable(),
  presumed_sha256: z.string().nullable(),
  sha256: z.string().nullable(),
  version_state: z.string(),
  shown_prefix: z.string().nullable(),
  withdrawn: z.boolean(),
  known_lufs: z.number().nullable(),
});

export interface Hashes {
  sha256: string;
  xxh128: string;
  c4: string;
}

/** Live figures of a running build. */
export interface Progress {
  /** 0..1. */
  progress: number;
  /** Seconds of material per second of work; null before it is known. */
  speed: number | null;
  etaSeconds: number | null;
  /** How much can be watched already. */
  playableSeconds: number;
}
