import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { readLock } from "#core/storage/lock.ts";
import { headObject } from "#core/storage/read.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { clip, openAndPut } from "#tests/support/uploads.ts";

let deps: Resources;
let api: Api;
beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
});
afterAll(() => deps.close());

test("an upload becomes a locked master with its preview asked for", async () => {
  const { uploadId, body } = await openAndPut(api, "editor", { name: "Shot 1.mp4" });
  const promoted = await api.as("editor").post("/promote", { uploadId });
  expect(promoted.status).toBe(202);
  expect(promoted.body).toEqual({
    assetId: expect.stringMatching(/^ast_/),
    versionId: expect.stringMatching(/^ver_/),
    state: "promoting",
  });
  const { versionId } = promoted.body;
  expect(await copyToMaster(deps, versionId)).toBe("mastered");

  const [version] = await deps.sql`select * from versions where id = ${versionId}`;
  expect(version).toMatchObject({ state: "mastered", lock_mode: "GOVERNANCE", content_type: "video/mp4" });
  const place = {
    bucket: deps.promoter.buckets.masters,
    key: version?.master_key,
    versionId: version?.master_version_id,
  };
  expect(await headObject(deps.promoter, place)).toMatchObject({ bytes: body.length });
  const lock = await readLock(deps.promoter, place);
  expect(lock?.mode).toBe("GOVERNANCE");
  expect(lock?.until.getTime()).toBe(version?.lock_until.getTime());
  expect(Math.abs(Number(lock?.until) - Date.now() - 86_400_000)).toBeLessThan(60_000);

  const staged = { bucket: deps.promoter.buckets.staging, key: `uploads/${uploadId}` };
  expect(await headObject(deps.promoter, staged)).toBeUndefined();
  const jobs = await deps.sql`select * from preview_jobs where version_id = ${versionId}`;
  expect(jobs).toHaveLength(1);
  const topics = await deps.sql`select topic, key, body->>'type' as type from outbox order by id`;
  expect(topics).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ topic: "previews:build", key: jobs[0]?.id }),
      expect.objectContaining({ type: "upload.received" }),
      expect.objectContaining({ type: "version.promoted" }),
    ]),
  );
  const upload = await api.as("editor").get(`/presign/${uploadId}`);
  expect(upload.body).toMatchObject({ state: "promoted", versionId, progress: 1 });
  // A second hint finds nothing left to do.
  expect(await copyToMaster(deps, versionId)).toBe("over");
});

test("a promote again after the answer was lost tells the same, whatever the key", async () => {
  const { uploadId } = await openAndPut(api, "editor");
  const first = await api.as("editor").post("/promote", { uploadId });
  await copyToMaster(deps, first.body.versionId);
  const again = await api.as("editor").post("/promote", { uploadId }, { "idempotency-key": "another" });
  expect([again.status, again.body]).toEqual([first.status, first.body]);
});

test("an upload in parts is completed, whatever order they came in", async () => {
  const { uploadId, body } = await openAndPut(api, "editor", { bytes: 40 * 1024 * 1024 });
  const read = await api.as("editor").get(`/presign/${uploadId}`);
  expect(read.body.parts.map((part: { partNumber: number }) => part.partNumber)).toEqual([1, 2, 3]);
  const promoted = await api.as("editor").post("/promote", {
    uploadId,
    parts: read.body.parts.map(({ partNumber, etag }: { partNumber: number; etag: string }) => ({
      partNumber,
      etag: `"${etag}"`,
    })),
  });
  expect(promoted.status).toBe(202);
  expect(await copyToMaster(deps, promoted.body.versionId)).toBe("mastered");
  const place = { bucket: deps.promoter.buckets.masters, key: `masters/${promoted.body.versionId}` };
  expect(await headObject(deps.promoter, place)).toMatchObject({ bytes: body.length });
});

test("another person's upload reads as absent to everyone else, managers included", async () => {
  const { uploadId } = await openAndPut(api, "editor");
  for (const who of ["manager", "reviewer", "outsider", "admin"] as const) {
    expect((await api.as(who).get(`/presign/${uploadId}`)).status).toBe(404);
    expect((await api.as(who).post("/promote", { uploadId })).status).toBe(404);
    expect((await api.as(who).post(`/presign/${uploadId}/parts`, { partNumbers: [1] })).status).toBe(404);
    expect((await api.as(who).del(`/presign/${uploadId}`, "*")).status).toBe(404);
  }
  expect((await api.bearing(undefined).post("/promote", { uploadId })).status).toBe(401);
});

test("what is not media is refused with reason and cure, and again the same", async () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["notes.mp4", Buffer.from("Dear diary, this is no film.\n".repeat(50)), /text/],
    ["page.mov", Buffer.from("<!doctype html><script>alert(1)</script>"), /web page/],
    ["zero.mxf", Buffer.alloc(5000), /zero bytes/],
    ["noise.mp4", randomBytes(4000).fill(0x05, 0, 16), /no video/],
    ["archive.mp4", Buffer.concat([Buffer.from("PK\x03\x04"), randomBytes(100)]), /ZIP/],
  ];
  for (const [name, body, words] of cases) {
    const { uploadId } = await openAndPut(api, "editor", { name, body });
    const refused = await api.as("editor").post("/promote", { uploadId });
    expect(refused.status).toBe(422);
    expect(refused.body.detail).toMatch(words);
    const again = await api.as("editor").post("/promote", { uploadId });
    expect([again.status, again.body.detail]).toEqual([422, refused.body.detail]);
    const read = await api.as("editor").get(`/presign/${uploadId}`);
    expect(read.body).toMatchObject({
      state: "refused",
      reasonCode: "not-media",
      reason: refused.body.detail,
    });
    expect(await deps.sql`select 1 from versions where upload_id = ${uploadId}`).toHaveLength(0);
    const staged = { bucket: deps.promoter.buckets.staging, key: `uploads/${uploadId}` };
    expect(await headObject(deps.promoter, staged)).toBeUndefined();
  }
});

test("a second version joins the asset with the next number", async () => {
  const first = await openAndPut(api, "editor");
  const one = await api.as("editor").post("/promote", { uploadId: first.uploadId });
  const ids = await Promise.all(
    [1, 2, 3].map(async () => (await openAndPut(api, "editor", { assetId: one.body.assetId })).uploadId),
  );
  const more = await Promise.all(ids.map((uploadId) => api.as("editor").post("/promote", { uploadId })));
  expect(more.map(({ body }) => body.assetId)).toEqual(Array(3).fill(one.body.assetId));
  const rows =
    await deps.sql`select number from versions where asset_id = ${one.body.assetId} order by number`;
  expect(rows.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
});

test("names in any script are kept and never become keys", async () => {
  const names = [
    "../../etc/passwd.mp4",
    "%2e%2e%2fx.mp4",
    "gpj.\u202egpm",
    '"><script>.mov',
    "🎬".repeat(255),
    "a\\b:c*?.mp4",
  ];
  for (const name of names) {
    const { uploadId } = await openAndPut(api, "editor", { name, body: clip() });
    const promoted = await api.as("editor").post("/promote", { uploadId });
    expect(promoted.status).toBe(202);
    const [row] = await deps.sql`select name, master_key from versions where id = ${promoted.body.versionId}`;
    expect(row).toEqual({ name, master_key: `masters/${promoted.body.versionId}` });
  }
  const tooLong = await api.as("editor").post("/presign", {
    projectId: api.seed.projectId,
    name: "🎬".repeat(256),
    bytes: 10,
    contentType: "video/mp4",
  });
  expect(tooLong.status).toBe(400);
});
