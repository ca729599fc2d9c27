import { legalHoldInput, retentionInput } from "#core/assets/asset.ts";
import { askVerification } from "#core/custody/ask-verification.ts";
import { deleteVersion } from "#core/custody/delete-version.ts";
import { extendRetention } from "#core/custody/extend-retention.ts";
import { readCustody } from "#core/custody/read-custody.ts";
import { attachment } from "#core/custody/safe-name.ts";
import { setLegalHold } from "#core/custody/set-hold.ts";
import { signDownload } from "#core/custody/sign-download.ts";
import { readManifest } from "#core/custody/write-manifest.ts";
import type { Resources } from "#core/resources.ts";
import { id } from "#core/shape.ts";
import { createApp, type RushesApp, type RushesContext } from "#http/app.ts";
import { answer, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";
import { manifestQuery } from "./routes.ts";

/** What is held of a version: hashes, locks, holds, the chain of events, manifests, and the master itself. */
export function custodyApp(deps: Resources): RushesApp {
  const app = createApp(deps);
  const versionIn = (c: RushesContext) => parseParam(c, "id", id("version"));
  const xml = (c: RushesContext, { fileName, xml }: { fileName: string; xml: string }) =>
    c.body(xml, 200, {
      "Content-Type": "application/xml; charset=utf-8",
      "Content-Disposition": attachment(fileName),
    });

  app.get("/versions/:id/custody", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await readCustody(deps, actor, versionIn(c)));
  });

  app.get("/versions/:id/custody/mhl", async (c) => {
    const actor = await c.get("actors").need();
    const { generation } = parseQuery(c, manifestQuery);
    return xml(c, await readManifest(deps, actor, versionIn(c), generation ?? "latest"));
  });

  app.get("/versions/:id/custody/mhl/chain", async (c) => {
    const actor = await c.get("actors").need();
    return xml(c, await readManifest(deps, actor, versionIn(c), "chain"));
  });

  app.post("/versions/:id/legal-hold", async (c) => {
    const actor = await c.get("actors").need();
    const versionId = versionIn(c);
    const input = await parseBody(c, legalHoldInput);
    await setLegalHold(deps, actor, versionId, input, c.get("requestId"));
    return c.json(await readCustody(deps, actor, versionId));
  });

  app.post("/versions/:id/retention", async (c) => {
    const actor = await c.get("actors").need();
    const versionId = versionIn(c);
    const { until } = await parseBody(c, retentionInput);
    await extendRetention(deps, actor, versionId, new Date(until), c.get("requestId"));
    return c.json(await readCustody(deps, actor, versionId));
  });

  app.post("/versions/:id/download", async (c) => {
    const actor = await c.get("actors").need();
    return c.json(await signDownload(deps, actor, versionIn(c), c.get("requestId")));
  });

  app.post("/versions/:id/verify", async (c) => {
    const actor = await c.get("actors").need();
    const versionId = versionIn(c);
    await askVerification(deps, actor, versionId, c.get("requestId"));
    return c.json({ versionId }, 202);
  });

  app.delete("/versions/:id", async (c) => {
    const actor = await c.get("actors").need();
    const versionId = versionIn(c);
    await deleteVersion(deps, actor, versionId, expectedRevision(c), c.get("requestId"));
    return c.body(null, 204);
  });

  return app;
}
