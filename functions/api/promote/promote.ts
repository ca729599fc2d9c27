import type { Resources } from "#core/resources.ts";
import { promoteUpload } from "#core/uploads/promote-upload.ts";
import { promoteInput } from "#core/uploads/upload.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { parseBody } from "#http/parse.ts";

/** Turns a complete upload into a version on its way to the masters. */
export function promoteApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.post("/promote", async (c) => {
    const actor = await c.get("actors").need();
    const input = await parseBody(c, promoteInput);
    const traceparent = c.get("traceparent");
    const promoted = await promoteUpload(deps, actor, input, {
      requestId: c.get("requestId"),
      ...(traceparent ? { traceparent } : {}),
    });
    return c.json(promoted, 202);
  });

  return app;
}
