import { deadLetterQuery, redriveInput } from "#core/queue/dead-letter.ts";
import {
  listDeadLetters,
  mustRunDeployment,
  readQueues,
  redriveDeadLetters,
} from "#core/queue/dead-letters.ts";
import type { Resources } from "#core/resources.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { parseBody, parseQuery } from "#http/parse.ts";
import { boardPages } from "./board.ts";

/** The queues of the deployment, for its admins; to everybody else there is nothing here. */
export function adminApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.get("/admin/queues", async (c) => {
    const actor = await c.get("actors").need();
    return c.json({ items: await readQueues(deps, actor) });
  });

  app.get("/admin/queues/dead", async (c) => {
    const actor = await c.get("actors").need();
    const { queue, limit } = parseQuery(c, deadLetterQuery);
    return c.json({ items: await listDeadLetters(deps, actor, { limit, ...(queue ? { queue } : {}) }) });
  });

  app.post("/admin/queues/redrive", async (c) => {
    const actor = await c.get("actors").need();
    const { queue, deadIds } = await parseBody(c, redriveInput);
    return c.json({
      moved: await redriveDeadLetters(deps, actor, { queue, ...(deadIds ? { deadIds } : {}) }),
    });
  });

  app.use("/admin/board/*", async (c, next) => {
    mustRunDeployment(await c.get("actors").need());
    await next();
    c.header(
      "Content-Security-Policy",
      "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    );
  });
  app.all("/admin/board/*", async (c) => {
    const pages = boardPages(deps, "/api/admin/board");
    const answer = await pages.fetch(c.req.raw);
    // A copy: the headers of every answer are added to this one.
    return new Response(answer.body, answer);
  });
  return app;
}
