import type { Resources } from "#core/resources.ts";
import { id } from "#core/shape.ts";
import { abortUpload } from "#core/uploads/end-upload.ts";
import { openUpload } from "#core/uploads/open-upload.ts";
import { listOwnUploads, readUpload } from "#core/uploads/read-upload.ts";
import { signParts } from "#core/uploads/sign-parts.ts";
import { listUploadsQuery, openUploadInput, signPartsInput, uploadRevision } from "#core/uploads/upload.ts";
import { createApp, type RushesApp } from "#http/app.ts";
import { answer, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";

/** Opens uploads, signs their parts just in time, tells what has arrived, and cancels. */
export function presignApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.post("/presign", async (c) => {
    const actor = await c.get("actors").need();
    const input = await parseBody(c, openUploadInput);
    return c.json(await openUpload(deps, actor, input), 201);
  });

  app.get("/presign", async (c) => {
    const actor = await c.get("actors").need();
    const query = parseQuery(c, listUploadsQuery);
    return answer(c, await listOwnUploads(deps, actor, query));
  });

  app.post("/presign/:uploadId/parts", async (c) => {
    const actor = await c.get("actors").need();
    const uploadId = parseParam(c, "uploadId", id("upload"));
    const { partNumbers } = await parseBody(c, signPartsInput);
    return c.json(await signParts(deps, actor, { uploadId, partNumbers }));
  });

  app.get("/presign/:uploadId", async (c) => {
    const actor = await c.get("actors").need();
    const uploadId = parseParam(c, "uploadId", id("upload"));
    const upload = await readUpload(deps, actor, uploadId);
    return answer(c, upload, uploadRevision(upload.state));
  });

  app.delete("/presign/:uploadId", async (c) => {
    const actor = await c.get("actors").need();
    const uploadId = parseParam(c, "uploadId", id("upload"));
    await abortUpload(deps, actor, uploadId, expectedRevision(c), c.get("requestId"));
    return c.body(null, 204);
  });

  return app;
}
