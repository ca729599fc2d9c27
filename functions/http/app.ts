import { type Context, Hono } from "hono";
import { routePath } from "hono/route";
import type { BlankSchema } from "hono/types";
import { isId, newId } from "#core/id.ts";
import { nudgeRelay } from "#core/queue/nudge.ts";
import { Refusal, refuse } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import { inRequest } from "#core/telemetry/request.ts";
import { type Actors, actorsOf } from "./credentials.ts";
import { idempotent } from "./idempotency.ts";
import { orOutage } from "./outage.ts";
import { maxBodyBytes } from "./parse.ts";
import { problemOf } from "./problem.ts";
import { limitRate } from "./rate-limit.ts";

export interface Env {
  Bindings: {
    /** The caller's address as the socket has it. */
    address?: string;
    /** Aborts when the process is about to leave. */
    stopping?: AbortSignal;
    /** Lets a stream live longer than a request may be silent. */
    keepOpen?: () => void;
  };
  Variables: {
    requestId: string;
    traceparent: string | undefined;
    actors: Actors;
  };
}
export type RushesApp = Hono<Env, BlankSchema, "/api">;
export type RushesContext = Context<Env>;

/** A traceparent as W3C Trace Context level 1 writes it. */
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The Hono app every function starts from: request id, trace, credentials, CORS for the site, rate limit,
 * idempotency keys, and one place where errors become answers. Probes are not limited: they must not need Redis.
 */
export function createApp(deps: Resources, { isLimited = true } = {}): RushesApp {
  const app = new Hono<Env>().basePath("/api");
  const { config, log, metrics } = deps;
  const site = new URL(config.PUBLIC_SITE_BASE).origin;

  app.use(async (c, next) => {
    const from = performance.now();
    const given = c.req.header("x-request-id");
    const requestId =
      given && (isId("request", given) || /^[\w.-]{8,100}$/.test(given)) ? given : newId("request");
    c.set("requestId", requestId);
    const traceparent = c.req.header("traceparent");
    c.set("traceparent", traceparent && traceparentPattern.test(traceparent) ? traceparent : undefined);
    c.set("actors", actorsOf(deps, c));
    c.header("X-Request-Id", requestId);
    c.header("X-Content-Type-Options", "nosniff");
    c.header("Cache-Control", "no-store");
    const origin = c.req.header("origin");
    c.header("Vary", "Origin");
    if (origin === site) {
      c.header("Access-Control-Allow-Origin", site);
      c.header("Access-Control-Allow-Credentials", "true");
      c.header(
        "Access-Control-Expose-Headers",
        "ETag, X-Request-Id, Idempotent-Replay, Retry-After, RateLimit, RateLimit-Policy, Content-Disposition",
      );
    }
    if (c.req.method === "OPTIONS") {
      c.header("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE, OPTIONS");
      c.header(
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, traceparent, X-Request-Id",
      );
      c.header("Access-Control-Max-Age", "7200");
      return c.body(null, 204);
    }
    if (hasNul(c.req.url)) refuse("invalid", "The address must not contain NUL.");
    if (Number(c.req.header("content-length") ?? 0) > maxBodyBytes)
      refuse(
        "too-large",
        `The body may have at most ${maxBodyBytes} bytes. Files go to the storage, see presign.`,
      );
    let isRelayWanted = false;
    const onOutbox = () => {
      isRelayWanted = true;
    };
    await inRequest({ requestId, traceparent: c.get("traceparent"), onOutbox }, () =>
      isLimited ? orOutage(deps, next) : next(),
    );
    if (isRelayWanted) nudgeRelay(deps.redis);
    metrics.answered({
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      seconds: (performance.now() - from) / 1000,
    });
  });
  if (isLimited) app.use(limitRate(deps));
  app.use(idempotent(deps));

  app.onError((error, c) => {
    const requestId = c.get("requestId") ?? newId("request");
    const { problem, headers } = problemOf(error, requestId, `${config.PUBLIC_API_BASE}/docs/problems`);
    if (problem.status >= 500 && !(error instanceof Refusal))
      log.error({ err: error, requestId, method: c.req.method, path: c.req.path }, "request failed");
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    return c.body(JSON.stringify(problem), problem.status as 400, {
      "Content-Type": "application/problem+json",
    });
  });
  app.notFound((c) => {
    throw new Refusal("not-found", `There is nothing at ${c.req.method} ${c.req.path}.`);
  });
  return app;
}

/** Postgres cannot store NUL, and no name or address has one. */
function hasNul(url: string): boolean {
  return /%00/i.test(url) || url.includes("\0");
}
