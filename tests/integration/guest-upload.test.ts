import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { clip, put } from "#tests/support/uploads.ts";

let deps: Resources;
let api: Api;
beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
});
afterAll(() => deps.close());

async function guestOf(allow: object, name = "Ana") {
  const { projectId } = api.seed;
  const share = await api
    .as("editor")
    .post("/shares", { projectId, allow: { upload: true, ...allow }, passphrase: "open sesame" });
  const token = (share.body.url as string).split("/").at(-1) ?? "";
  const unlocked = await api
    .bearing(undefined)
    .post(`/shares/open/${token}/unlock`, { passphrase: "open sesame", name });
  return { token, guest: api.bearing(unlocked.body.token) };
}

const wanted = (projectId: string) => ({
  projectId,
  name: "from outside.mp4",
  bytes: 2000,
  contentType: "video/mp4",
});

test("a guest sends a file through a request link, into that project only", async () => {
  const { guest, token } = await guestOf({});
  const opened = await guest.post("/presign", wanted(api.seed.projectId));
  expect(opened.status).toBe(201);
  await put(opened.body.put.url, clip(2000), opened.body.put.headers);
  const promoted = await guest.post("/promote", { uploadId: opened.body.uploadId });
  expect(promoted.status).toBe(202);
  expect(await copyToMaster(deps, promoted.body.versionId)).toBe("mastered");
  expect((await guest.get("/presign?state=promoted")).body.items).toHaveLength(1);
  expect((await guest.post("/presign", wanted(api.seed.otherProjectId))).status).toBe(404);
  const beside = { ...wanted(api.seed.projectId), assetId: promoted.body.assetId };
  expect((await guest.post("/presign", beside)).status).toBe(404);
  // Another guest of the same link does not see it, nor does the custody open to either.
  const other = await api
    .bearing(undefined)
    .post(`/shares/open/${token}/unlock`, { passphrase: "open sesame", name: "Bo" });
  expect((await api.bearing(other.body.token).get(`/presign/${opened.body.uploadId}`)).status).toBe(404);
  expect((await guest.get(`/versions/${promoted.body.versionId}/custody`)).status).toBe(404);
  expect((await guest.post(`/versions/${promoted.body.versionId}/download`)).status).toBe(404);
});

test("a link without upload takes no files", async () => {
  const { guest } = await guestOf({});
  await deps.sql`update shares set allow_upload = false`;
  expect((await guest.post("/presign", wanted(api.seed.projectId))).status).toBe(403);
});
