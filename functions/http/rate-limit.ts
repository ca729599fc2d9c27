import { createHash } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { type Actor, personOf } from "#core/auth/actor.ts";
import { takeToken } from "#core/auth/rate.ts";
import { Refusal } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import { addressOf } from "./address.ts";
import type { Env } from "./app.ts";

/** Longer than this and the limiter itself would be what makes an outage of Redis felt. */
const deadlineMs = 250;
/** After a failure nobody is counted for a while, so that an outage costs the deadline once and not per request. */
const restMs = 1_000;

/**
 * One bucket per person, or per address where no valid credential comes: an invented one must not buy a
 * fresh bucket. When Redis is down requests pass: a limiter that fails closed would turn a cache outage into a full one.
 */
export function limitRate({ config, redis, log }: Resources): MiddlewareHandler<Env> {
  const perMinute = config.RATE_LIMIT_PER_MINUTE;
  const limit = { perMinute, burst: Math.ceil(perMinute / 4) };
  let restsUntil = 0;
  return async (c, next) => {
    if (performance.now() < restsUntil) return next();
    const actor = await c
      .get("actors")
      .find()
      .catch(() => undefined); // whoever needs the credential meets the same refusal again
    const bucket = bucketOf(actor, addressOf(c, config));
    const verdict = await within(takeToken(redis, `rate:${bucket}`, limit)).catch((error) => {
      log.warn({ err: error }, "rate limiter unavailable, letting requests pass");
      restsUntil = performance.now() + restMs;
      return undefined;
    });
    if (!verdict) return next();
    c.header("RateLimit-Policy", `"default";q=${perMinute};w=60`);
    c.header("RateLimit", `"default";r=${verdict.remaining};t=${verdict.resetSeconds}`);
    if (!verdict.allowed)
      throw new Refusal("rate-limited", `At most ${perMinute} requests per minute.`, {
        retryAfterSeconds: verdict.retryAfterSeconds,
      });
    await next();
  };
}

/** Guests of one link may be many people in one office or one person in many: the link and the address count. */
function bucketOf(actor: Actor | undefined, address: string): string {
  const person = actor && personOf(actor);
  const who = person ?? (actor?.kind === "guest" ? `${actor.id} ${address}` : address);
  return createHash("sha256").update(who).digest("base64url").slice(0, 22);
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("Redis is slow")), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
