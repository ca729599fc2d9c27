import { Hono } from "hono";
import { adminApp } from "#api/admin/admin.ts";
import { adminFunction } from "#api/admin/routes.ts";
import { assetsApp } from "#api/assets/assets.ts";
import { assetsFunction } from "#api/assets/routes.ts";
import { auditApp } from "#api/audit/audit.ts";
import { auditFunction } from "#api/audit/routes.ts";
import { commentsApp } from "#api/comments/comments.ts";
import { commentsFunction } from "#api/comments/routes.ts";
import { custodyApp } from "#api/custody/custody.ts";
import { custodyFunction } from "#api/custody/routes.ts";
import { eventsApp } from "#api/events/events.ts";
import { eventsFunction } from "#api/events/routes.ts";
import { healthApp } from "#api/health/health.ts";
import { healthFunction } from "#api/health/routes.ts";
import { keysApp } from "#api/keys/keys.ts";
import { keysFunction } from "#api/keys/routes.ts";
import { presignApp } from "#api/presign/presign.ts";
import { presignFunction } from "#api/presign/routes.ts";
import { previewApp } from "#api/preview/preview.ts";
import { previewFunction } from "#api/preview/routes.ts";
import { projectsApp } from "#api/projects/projects.ts";
import { projectsFunction } from "#api/projects/routes.ts";
import { promoteApp } from "#api/promote/promote.ts";
import { promoteFunction } from "#api/promote/routes.ts";
import { sessionFunction } from "#api/session/routes.ts";
import { sessionApp } from "#api/session/session.ts";
import { sharesFunction } from "#api/shares/routes.ts";
import { sharesApp } from "#api/shares/shares.ts";
import { webhooksFunction } from "#api/webhooks/routes.ts";
import { webhooksApp } from "#api/webhooks/webhooks.ts";
import type { Resources } from "#core/resources.ts";
import type { Env, RushesApp } from "#http/app.ts";
import type { ApiFunction } from "./route.ts";

/** Each function with its app. Add a function here and its data in `routes.ts`. */
export const builtFunctions: readonly [ApiFunction, (deps: Resources) => RushesApp][] = [
  [sessionFunction, sessionApp],
  [presignFunction, presignApp],
  [promoteFunction, promoteApp],
  [custodyFunction, custodyApp],
  [previewFunction, previewApp],
  [assetsFunction, assetsApp],
  [commentsFunction, commentsApp],
  [sharesFunction, sharesApp],
  [projectsFunction, projectsApp],
  [auditFunction, auditApp],
  [eventsFunction, eventsApp],
  [keysFunction, keysApp],
  [webhooksFunction, webhooksApp],
  [adminFunction, adminApp],
  [healthFunction, healthApp],
];

/**
 * Every function behind one address, as a gateway would do it: a request goes to the one app whose route it
 * names. They are not merged, since each brings its own middleware.
 */
export function everyFunction(deps: Resources): Hono<Env> {
  const gateway = new Hono<Env>();
  const health = healthApp(deps);
  for (const [{ name, routes, mounts = [] }, build] of builtFunctions) {
    const app = name === "health" ? health : build(deps);
    for (const { method, path } of routes)
      gateway.on(method, `/api${path}`, (c) => app.fetch(c.req.raw, c.env));
    for (const path of mounts) gateway.all(`/api${path}/*`, (c) => app.fetch(c.req.raw, c.env));
  }
  for (const path of ["/healthz", "/readyz", "/metrics"])
    gateway.get(path, (c) => health.fetch(new Request(new URL(`/api${path}`, c.req.url), c.req.raw), c.env));
  // What no route names still gets the house's answer: CORS for OPTIONS, problem+json for the rest.
  gateway.all("*", (c) => health.fetch(c.req.raw, c.env));
  return gateway;
}
