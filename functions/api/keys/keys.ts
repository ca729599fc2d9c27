import { createKeyInput } from "#core/keys/key.ts";
import { createKey, listKeys, readKey, revokeKey } from "#core/keys/own-keys.ts";
import type { Resources } from "#core/resources.ts";
import { id, page } from "#core/shape.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { answer, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";

/** API keys of whoever is signed in. */
export function keysApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.get("/keys", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listKeys(deps, actor, parseQuery(c, page)));
  });

  app.post("/keys", async (c) => {
    const actor = await c.get("actors").need();
    const created = await createKey(deps, actor, await parseBody(c, createKeyInput));
    c.header("Location", `${deps.config.PUBLIC_API_BASE}/keys/${created.id}`);
    return c.json(created, 201);
  });

  app.get("/keys/:keyId", async (c) => {
    const actor = await c.get("actors").need();
    const { key, revision } = await readKey(deps, actor, parseParam(c, "keyId", id("apiKey")));
    return answer(c, key, revision);
  });

  app.delete("/keys/:keyId", async (c) => {
    const actor = await c.get("actors").need();
    await revokeKey(deps, actor, parseParam(c, "keyId", id("apiKey")), expectedRevision(c));
    return c.body(null, 204);
  });

  return app;
}
