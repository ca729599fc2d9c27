import { audit } from "../audit/append.ts";
import { type Actor, system } from "../auth/actor.ts";
import { inTransaction } from "../db/db.ts";
import type { Later } from "../queue/later.ts";
import { Refusal } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { deriveKey } from "../signing/derive.ts";
import { unseal } from "../signing/seal.ts";
import { resolveTarget } from "./address.ts";
import {
  type AttemptEnd,
  type ClaimedDelivery,
  claimDelivery,
  disableEndpoint,
  dueInMs,
  endAttempt,
} from "./delivery-store.ts";
import type { Places } from "./places.ts";
import { post, type Reply } from "./post.ts";
import { nextAttemptMs, retryAfterMs } from "./retries.ts";
import { signedHeaders } from "./secret.ts";

/** Standard Webhooks: 15 to 30 s. Resolving the name is part of it. */
const DEADLINE_MS = 15_000;
/** An event for a slow endpoint asks again for one of its places after this, and up to as much more. */
const PLACE_MS = 5_000;

export type DeliverDeps = Pick<Resources, "sql" | "config"> & { later: Later; places: Places };
export type Delivered = "delivered" | "retrying" | "failed" | "nothing-to-do";

/**
 * One attempt of one delivery, whatever the hint was repeated for: the row says whether it is due, and its fence
 * who may write how it ended. Failing is an answer here; it throws only when Postgres does not answer.
 */
export async function deliverWebhook(
  deps: DeliverDeps,
  deliveryId: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Delivered> {
  const { sql, config, later, places } = deps;
  const taken = places.taken();
  const claim = await claimDelivery(sql, deliveryId, taken);
  if (!claim) {
    // Not due yet, no place for its endpoint, or an attempt that nobody knows the end of: whoever made it may be gone.
    const dueMs = await dueInMs(sql, deliveryId);
    const waitMs = Math.max(dueMs ?? 0, taken.length > 0 ? PLACE_MS * (1 + Math.random()) : 0);
    if (dueMs !== null) await later.hint("webhooks:deliver", deliveryId, waitMs);
    return "nothing-to-do";
  }
  if (claim.closed) {
    await endAttempt(sql, claim, {
      state: "failed",
      status: null,
      error: "The endpoint is disabled.",
      nextAttemptMs: null,
    });
    return "failed";
  }
  const end = await places.during(claim.endpoint_id, () => attempt(claim, config, signal));
  const isOurs = await inTransaction(sql, async (tx) => {
    const ended = await endAttempt(tx, claim, end);
    if (ended && end.status === 410) await giveUpEndpoint(tx, claim, system);
    return ended;
  });
  if (!isOurs) return "nothing-to-do";
  if (end.state === "pending") await later.hint("webhooks:deliver", claim.id, end.nextAttemptMs ?? 0);
  return end.state === "pending" ? "retrying" : end.state;
}

async function attempt(
  claim: ClaimedDelivery,
  config: DeliverDeps["config"],
  signal: AbortSignal | undefined,
): Promise<AttemptEnd> {
  const from = performance.now();
  try {
    const target = await resolveTarget(claim.url, {
      allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
      deadlineMs: DEADLINE_MS,
    });
    const key = deriveKey(config.APP_SECRET, "webhook-secret");
    const secrets = [claim.secret, claim.previous_secret].flatMap((sealed) =>
      sealed ? [unseal(key, sealed)] : [],
    );
    const reply = await post(
      target,
      {
        headers: {
          "content-type": "application/json",
          "user-agent": "Rushes-Webhooks/1",
          ...signedHeaders(secrets, claim.event_id, new Date(), claim.body),
        },
        body: claim.body,
      },
      { deadlineMs: Math.max(1, DEADLINE_MS - (performance.now() - from)), ...(signal ? { signal } : {}) },
    );
    return judge(claim, reply);
  } catch (error) {
    if (signal?.aborted)
      return {
        state: "pending",
        status: null,
        error: "We had to stop during this attempt.",
        nextAttemptMs: 0,
      };
    // An address that is refused today may be a resolver's mistake: it uses up attempts like any failure.
    const detail = error instanceof Error ? error.message : String(error);
    return failed(
      claim,
      null,
      error instanceof Refusal ? detail : `The endpoint could not be reached: ${detail}`,
      null,
    );
  }
}

/** 2xx is success, anything else is not: also a redirect, which is never followed. */
function judge(claim: ClaimedDelivery, { status, headers }: Reply): AttemptEnd {
  if (status >= 200 && status < 300) return { state: "delivered", status, error: null, nextAttemptMs: null };
  if (status === 410)
    return {
      state: "failed",
      status,
      error: "The endpoint answered 410 Gone and was disabled.",
      nextAttemptMs: null,
    };
  const error =
    status < 400
      ? `The endpoint answered ${status}; redirects are not followed.`
      : `The endpoint answered ${status}.`;
  return failed(claim, status, error, retryAfterMs(headers.get("retry-after"), new Date()));
}

function failed(
  claim: ClaimedDelivery,
  status: number | null,
  error: string,
  waitMs: number | null,
): AttemptEnd {
  const next = nextAttemptMs(claim.attempts, waitMs);
  return {
    state: next === null ? "failed" : "pending",
    status,
    error: error.slice(0, 1_000),
    nextAttemptMs: next,
  };
}

async function giveUpEndpoint(
  sql: Parameters<typeof disableEndpoint>[0],
  claim: ClaimedDelivery,
  actor: Actor,
) {
  const reason = "It answered 410 Gone.";
  if (await disableEndpoint(sql, claim.endpoint_id, reason))
    await audit(sql, actor, {
      projectId: claim.project_id,
      action: "webhook.disabled",
      subject: claim.endpoint_id,
      detail: { reason, deliveryId: claim.id },
    });
}
