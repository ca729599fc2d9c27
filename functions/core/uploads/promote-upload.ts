import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import { createVersion } from "../assets/create-version.ts";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { clientHashesOf, contradiction } from "../custody/client-hashes.ts";
import { inTransaction } from "../db/db.ts";
import { emit } from "../outbox.ts";
import { notFound, Refusal, type RefusalCode, refusalCodes, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { needUpload, ownUpload } from "./may-upload.ts";
import { examine, gatherObject } from "./receive-upload.ts";
import { refuseUpload } from "./refuse-upload.ts";
import {
  claimUpload,
  findUpload,
  markPromoting,
  markReceived,
  releaseUpload,
  type UploadRow,
} from "./store.ts";
import { readTarget } from "./target-store.ts";
import type { promoteInput } from "./upload.ts";

export interface Promoted {
  assetId: string;
  versionId: string;
  state: string;
}

type Deps = Pick<Resources, "sql" | "config" | "promoter" | "log">;

/** Completing 10,000 parts takes a storage a while; a promoter that died frees the upload after this. */
const CLAIM_MS = 60_000;
const WAIT_MS = 25_000;

/**
 * Turns a complete upload into a version on its way to the masters. Idempotent by upload: whoever asks, however
 * often and at once, one version is made and everyone is told the same. Refusals with a reason are kept and repeated.
 */
export async function promoteUpload(
  deps: Deps,
  actor: Actor,
  input: z.output<typeof promoteInput>,
  trace: Trace = {},
): Promise<Promoted> {
  let upload = await ownUpload(deps.sql, actor, input.uploadId);
  const giveUpAt = performance.now() + WAIT_MS;
  for (;;) {
    refuseOtherHash(upload, input);
    const known = outcomeOf(upload);
    if (known) return known;
    if (await claimUpload(deps.sql, upload.id, CLAIM_MS)) break;
    if (performance.now() > giveUpAt)
      refuse("too-slow", "Another request is still checking this upload. Ask again in a moment.");
    await pause(50 + Math.random() * 100);
    upload = (await findUpload(deps.sql, upload.id)) ?? notFound("upload");
  }
  try {
    upload = (await findUpload(deps.sql, upload.id)) ?? notFound("upload");
    refuseOtherHash(upload, input);
    const known = outcomeOf(upload);
    if (known) return known;
    await needUpload(deps.sql, actor, upload.projectId, "upload");
    return await carryOn(deps, actor, upload, input, trace);
  } finally {
    await releaseUpload(deps.sql, upload.id).catch(() => {}); // the claim runs out by itself
  }
}

/** Whoever names another hash than is on record has another file, however far the upload is. */
function refuseOtherHash(
  upload: UploadRow,
  input: { sha256?: string | undefined; xxh128?: string | undefined },
): void {
  if (contradiction(clientHashesOf(input), upload.clientHashes))
    refuse(
      "hash-mismatch",
      "The hash sent now is not the one on record. Check the file and upload it again.",
    );
}

/** What is already decided about an upload; undefined while promotion may still begin. */
function outcomeOf(upload: UploadRow): Promoted | undefined {
  if (upload.version)
    return {
      assetId: upload.version.assetId,
      versionId: upload.version.id,
      // The answer of the first promote, so that every repetition reads alike.
      state: "promoting",
    };
  if (upload.state === "refused")
    refuse(codeOf(upload.reasonCode), upload.reason ?? "This upload was refused.");
  if (upload.state === "expired")
    refuse("upload-expired", "This upload was not finished in time. Start it again.");
  if (upload.state === "aborted") refuse("upload-expired", "This upload was cancelled. Start it again.");
  return undefined;
}

function codeOf(code: string | null): RefusalCode {
  return refusalCodes.find((known) => known === code) ?? "upload-refused";
}

const homeless = {
  code: "conflict" as const,
  reason: "The asset or project this file was meant for was deleted meanwhile. Upload it to another one.",
};

type Input = Pick<z.output<typeof promoteInput>, "parts" | "sha256" | "xxh128">;
type Trace = { requestId?: string; traceparent?: string };

async function carryOn(
  deps: Deps,
  actor: Actor,
  upload: UploadRow,
  input: Input,
  trace: Trace,
): Promise<Promoted> {
  if (upload.state === "open") await receive(deps, upload, input);
  const received = (await findUpload(deps.sql, upload.id)) ?? notFound("upload");
  const known = outcomeOf(received);
  if (known) return known;
  const found = await judge(deps, received);
  if ("code" in found) {
    await refuseUpload(deps, actor, received, found, trace);
    refuse(found.code, found.reason);
  }
  return makeVersion(deps, actor, received, found.type, trace);
}

async function receive({ sql, promoter }: Deps, upload: UploadRow, input: Input): Promise<void> {
  if (upload.expiresAt < new Date())
    refuse("upload-expired", "This upload was not finished in time. Start it again.");
  const { etag } = await gatherObject(promoter, upload, input.parts);
  await inTransaction(sql, async (tx) => {
    if (!(await markReceived(tx, upload.id, { etag, clientHashes: clientHashesOf(input) }))) return;
    await emit(tx, {
      projectId: upload.projectId,
      type: "upload.received",
      data: { uploadId: upload.id, name: upload.name, bytes: upload.bytes },
    });
  });
}

/** What the content is, or why it cannot become a version. */
async function judge({ sql, config, promoter }: Deps, received: UploadRow) {
  const target = await readTarget(sql, { projectId: received.projectId, assetId: received.assetId });
  if (!target || (received.assetId && !target.hasAsset)) return homeless;
  return examine(promoter, received, { deployment: config.ALLOWED_TYPES, project: target.allowedTypes });
}

function makeVersion(
  { sql }: Deps,
  actor: Actor,
  received: UploadRow,
  contentType: string,
  trace: Trace,
): Promise<Promoted> {
  return inTransaction(sql, async (tx) => {
    if (!(await markPromoting(tx, received.id, contentType))) {
      const now = (await findUpload(tx, received.id)) ?? notFound("upload");
      return outcomeOf(now) ?? refuse("conflict", "This upload changed meanwhile. Ask again.");
    }
    const made = await createVersion(tx, { ...received, sniffedType: contentType }, trace.traceparent);
    await audit(tx, actor, {
      projectId: received.projectId,
      action: "version.created",
      subject: made.versionId,
      detail: {
        assetId: made.assetId,
        uploadId: received.id,
        name: received.name,
        bytes: received.bytes,
        declaredType: received.contentType,
        contentType,
        etag: received.etag,
        clientSha256: received.clientHashes.sha256,
        clientXxh128: received.clientHashes.xxh128,
      },
      ...(trace.requestId ? { requestId: trace.requestId } : {}),
    });
    return { ...made, state: "promoting" };
  });
}

/** Finishes what a promoter that died had begun. For the sweep; nobody waits for the answer. */
export async function resumePromotion(deps: Deps, actor: Actor, upload: UploadRow): Promise<void> {
  if (!(await claimUpload(deps.sql, upload.id, CLAIM_MS))) return;
  try {
    await carryOn(deps, actor, upload, {}, {});
  } catch (error) {
    if (!(error instanceof Refusal)) throw error; // a refusal is a result, and is kept with the upload
  } finally {
    await releaseUpload(deps.sql, upload.id).catch(() => {}); // the claim runs out by itself
  }
}
