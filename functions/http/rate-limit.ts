import { createHash } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { takeToken } from "#core/auth/rate.ts";
import { Refusal } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import type { Env } from "./app.ts";

/**
 * One bucket per credential, or per address where there is none. When Redis is down requests pass:
 * a limiter that fails closed would turn a cache outage into a full one.
 */
export function limitRate({ config, redis, log }: Resources): MiddlewareHandler<Env> {
  const perMinute = config.RATE_LIMIT_PER_MINUTE;
  return async (c, next) => {
    const credential = c.req.header("authorization") ?? c.req.header("cookie") ?? addressOf(c.req.raw, c.env);
    const bucket = createHash("sha256").update(credential).digest("base64url").slice(0, 22);
    const verdict = await takeToken(redis, `rate:${bucket}`, {
      perMinute,
      burst: Math.ceil(perMinute / 4),
    }).catch((error) => {
      log.warn({ err: error }, "rate limiter unavailable, letting requests pass");
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

function addressOf(request: Request, env: unknown): string {
  const socket = (env as { address?: string } | undefined)?.address;
  return socket ?? request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "unknown";
}
