import { type Check, type Dependency, probeAll } from "#core/health/probe.ts";
import { refuse } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import { functions } from "#functions/routes.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { openApi } from "#http/openapi.ts";
import { isSecret } from "#http/secret.ts";
import { docsPage, problemsPage } from "./docs.ts";

/** Without sign-in there is still much to see for those who are in; without the others there is nothing. */
const required: readonly Dependency[] = ["postgres", "redis", "storage"];
const freshMs = 1_000;

/** Whether the process lives and can serve, its metrics, and the reference. */
export function healthApp(deps: Resources): RushesApp {
  const app = createApp(deps, { isLimited: false });
  const { config, metrics } = deps;
  let last: { at: number; checks: Promise<Record<Dependency, Check>> } | undefined;
  let document: ReturnType<typeof openApi> | undefined;
  const openApiDocument = () => {
    document ??= openApi(functions, config.PUBLIC_API_BASE);
    return document;
  };

  app.get("/healthz", (c) => c.json({ status: "ok" }));

  app.get("/readyz", async (c) => {
    // Nobody needs a credential to ask, so asking often must not become load on what is asked.
    if (!last || performance.now() - last.at > freshMs)
      last = { at: performance.now(), checks: probeAll(deps) };
    const checks = await last.checks;
    const failing = Object.entries(checks).filter(([, check]) => !check.ok);
    const isReady = required.every((name) => checks[name].ok) && c.env?.stopping?.aborted !== true;
    const status = c.env?.stopping?.aborted
      ? "stopping"
      : failing.length === 0
        ? "ready"
        : isReady
          ? "degraded"
          : "not-ready";
    return c.json({ status, checks }, isReady ? 200 : 503);
  });

  app.get("/metrics", async (c) => {
    const key = config.METRICS_KEY;
    if (key && !isSecret(c.req.header("authorization"), `Bearer ${key}`))
      refuse("unauthenticated", "The metrics need their own key.");
    return c.body(await metrics.text(), 200, { "Content-Type": metrics.contentType });
  });

  app.get("/openapi.json", (c) => c.json(openApiDocument()));
  app.get("/docs", (c) => {
    secure(c);
    return c.html(docsPage(functions, openApiDocument(), config.PUBLIC_API_BASE));
  });
  app.get("/docs/problems", (c) => {
    secure(c);
    return c.html(problemsPage());
  });
  return app;
}

function secure(c: { header(name: string, value: string): void }): void {
  c.header(
    "Content-Security-Policy",
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  );
}
