import { createHash } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { beginIdempotent, finishIdempotent, markEffect, releaseIdempotent } from "#core/auth/idempotency.ts";
import { refuse } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import { deriveKey } from "#core/signing/derive.ts";
import { seal, unseal } from "#core/signing/seal.ts";
import { currentRequest, inRequest } from "#core/telemetry/request.ts";
import { addressOf } from "./address.ts";
import type { Env } from "./app.ts";

/** Doing these twice is the same as doing them once: they go by the row they name. */
const repeatable = new Set(["/api/promote", "/api/preview"]);
const replayed = ["content-type", "location", "etag"];

/**
 * `Idempotency-Key` on POST: the same key and body replay the first answer for 24 hours. A refusal that
 * changed nothing (4xx) is replayed too; a failure of ours (5xx) frees the key, so that a retry can succeed.
 * Answers are kept encrypted: some show a secret once.
 */
export function idempotent({ sql, config }: Resources): MiddlewareHandler<Env> {
  const sealing = deriveKey(config.APP_SECRET, "idempotent-answer");
  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined || c.req.method !== "POST") return next();
    if (!/^[\x20-\x7e]{1,255}$/.test(key))
      refuse("invalid", "Idempotency-Key must have 1 to 255 printable ASCII characters.");
    const actor = await c.get("actors").find();
    const owner = actor ? `${actor.kind}:${actor.id}` : `anonymous:${addressOf(c, config)}`;
    const body = await c.req.text();
    const requestHash = createHash("sha256").update(`${c.req.method}\n${c.req.path}\n${body}`).digest();
    const begun = await beginIdempotent(sql, {
      actor: owner,
      key,
      requestHash,
      isRepeatable: repeatable.has(c.req.path),
    });
    if (begun.state === "other-request")
      refuse("key-reused", "This key was already used with another body or path.");
    if (begun.state === "running")
      refuse("key-in-flight", "The first request with this key is still running.", { retryAfterSeconds: 1 });
    if (begun.state === "answer-lost")
      refuse(
        "conflict",
        "The first request with this key was carried out, but its answer was lost. Read what is there.",
      );
    if (begun.state === "done") {
      const answer = answerOf(sealing, begun.body);
      for (const [name, value] of Object.entries(begun.headers)) c.header(name, value);
      c.header("Idempotent-Replay", "true");
      return answer === "" ? c.body(null, begun.status as 204) : c.body(answer, begun.status as 200);
    }
    const { fence } = begun;
    const facts = currentRequest() ?? { requestId: c.get("requestId"), traceparent: c.get("traceparent") };
    await inRequest(
      { ...facts, inEachTransaction: (tx) => markEffect(tx, { actor: owner, key, fence }) },
      next,
    );
    const { status, headers } = c.res;
    if (status >= 500 || status === 401 || status === 429)
      return releaseIdempotent(sql, { actor: owner, key });
    const kept = Object.fromEntries(
      replayed.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) as string]] : [])),
    );
    await finishIdempotent(sql, {
      actor: owner,
      key,
      status,
      headers: kept,
      body: seal(sealing, await c.res.clone().text()),
    });
  };
}

function answerOf(sealing: Buffer, sealed: string): string {
  try {
    return unseal(sealing, sealed);
  } catch {
    // APP_SECRET was changed meanwhile.
    refuse("conflict", "The request with this key was carried out, but its answer can no longer be read.");
  }
}
