import { readPreview } from "#core/previews/read-preview.ts";
import { cancelPreview, requestPreview } from "#core/previews/request-preview.ts";
import type { Resources } from "#core/resources.ts";
import { id } from "#core/shape.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { answer } from "#http/etag.ts";
import { parseBody, parseParam } from "#http/parse.ts";
import { requestPreviewInput } from "./routes.ts";

/** Previews: how far they are, where to watch them, building them again. */
export function previewApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.post("/preview", async (c) => {
    const actor = await c.get("actors").need();
    const { versionId, recipe = {} } = await parseBody(c, requestPreviewInput);
    return c.json(await requestPreview(deps, actor, { versionId, recipe }, c.get("traceparent")), 202);
  });

  app.get("/preview/:versionId", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await readPreview(deps, actor, parseParam(c, "versionId", id("version"))));
  });

  app.post("/preview/jobs/:jobId/cancel", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await cancelPreview(deps, actor, parseParam(c, "jobId", id("job"))));
  });

  return app;
}
