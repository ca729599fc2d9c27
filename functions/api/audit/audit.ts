import { auditQuery, verifyQuery } from "#core/audit/entry.ts";
import { listAudit, verifyAudit } from "#core/audit/read-audit.ts";
import type { Resources } from "#core/resources.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { answer } from "#http/etag.ts";
import { parseQuery } from "#http/parse.ts";

/** Who did what, when, and the proof that nobody changed it since. */
export function auditApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.get("/audit", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listAudit(deps, actor, parseQuery(c, auditQuery)));
  });

  app.get("/audit/verify", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await verifyAudit(deps, actor, parseQuery(c, verifyQuery).after));
  });

  return app;
}
