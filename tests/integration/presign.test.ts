import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { listParts } from "#core/storage/multipart.ts";
import { headObject } from "#core/storage/read.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { seedProject } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import { clip, open, openAndPut, put, putParts } from "#tests/support/uploads.ts";
import { expireUploads } from "#triggers/expire-uploads/expire-uploads.ts";
import { sweep } from "#triggers/sweep/sweep.ts";
import type { TriggerDeps } from "#triggers/trigger.ts";

const MIB = 1024 * 1024;
let deps: Resources;
let api: Api;
beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
});
afterAll(() => deps.close());

const round = (trigger: typeof sweep) => trigger(deps as TriggerDeps)(new AbortController().signal);
const staged = (uploadId: string) => ({
  bucket: deps.promoter.buckets.staging,
  key: `uploads/${uploadId}`,
});
const wanted = (change: object = {}) => ({
  projectId: api.seed.projectId,
  name: "clip.mp4",
  bytes: 2000,
  contentType: "video/mp4",
  ...change,
});
const storageOf = async (projectId: string) => {
  const [row] = await deps.sql<{ used: number; reserved: number }[]>`
    select used_bytes as used, reserved_bytes as reserved from project_storage where project_id = ${projectId}`;
  return row ?? { used: 0, reserved: 0 };
};

test("the storage takes exactly the type and length that were signed", async () => {
  const opened = await open(api, "editor");
  expect(opened).toEqual({
    uploadId: expect.stringMatching(/^upl_/),
    method: "put",
    put: { url: expect.stringContaining("/uploads/upl_"), headers: { "Content-Type": "video/mp4" } },
    expiresAt: expect.any(String),
  } as never);
  const send = async (body: Uint8Array, type: string) =>
    (
      await fetch(opened.put?.url ?? "", {
        method: "PUT",
        body: body as Uint8Array<ArrayBuffer>,
        headers: { "Content-Type": type },
      })
    ).status;
  expect(await send(clip(2001), "video/mp4")).toBe(403);
  expect(await send(clip(1999), "video/mp4")).toBe(403);
  expect(await send(clip(2000), "text/html")).toBe(403);
  expect(await send(clip(2000), "video/mp4")).toBe(200);
});

test("parts are signed for the length each must have, and no others", async () => {
  const opened = await open(api, "editor", { bytes: 40 * MIB });
  expect(opened).toMatchObject({ method: "multipart", partBytes: 16 * MIB });
  const parts = (partNumbers: number[]) =>
    api.as("editor").post(`/presign/${opened.uploadId}/parts`, { partNumbers });
  expect((await parts([4])).status).toBe(400);
  expect((await parts([0])).status).toBe(400);
  expect((await parts([])).status).toBe(400);
  const signed = await parts([3]);
  const url = signed.body.parts[0].url as string;
  expect((await fetch(url, { method: "PUT", body: "short" })).status).toBe(403);
  await put(url, new Uint8Array(8 * MIB));
  const read = await api.as("editor").get(`/presign/${opened.uploadId}`);
  expect(read.body.parts).toEqual([{ partNumber: 3, etag: expect.any(String), bytes: 8 * MIB }]);
});

test("promote before the upload ends says what is missing, and loses nothing", async () => {
  const single = await open(api, "editor");
  const none = await api.as("editor").post("/promote", { uploadId: single.uploadId });
  expect([none.status, none.body.type]).toEqual([409, expect.stringContaining("upload-incomplete")]);
  const body = clip(40 * MIB);
  const opened = await open(api, "editor", { bytes: body.length });
  await putParts(api, "editor", opened, body, [1, 3]);
  const early = await api.as("editor").post("/promote", { uploadId: opened.uploadId });
  expect(early.status).toBe(409);
  expect(early.body.detail).toContain("1 of 3 parts have not arrived whole: 2");
  await putParts(api, "editor", opened, body, [2]);
  expect((await api.as("editor").post("/promote", { uploadId: opened.uploadId })).status).toBe(202);
});

test("a forged list of parts is not believed", async () => {
  const body = clip(40 * MIB);
  const opened = await open(api, "editor", { bytes: body.length });
  await putParts(api, "editor", opened, body);
  const { parts } = (await api.as("editor").get(`/presign/${opened.uploadId}`)).body;
  const forge = (change: object[]) =>
    api.as("editor").post("/promote", { uploadId: opened.uploadId, parts: change });
  const swapped = parts.map((part: object, i: number) =>
    i === 1 ? { ...part, etag: "f".repeat(32) } : part,
  );
  for (const list of [swapped, parts.slice(1), [...parts, { partNumber: 9, etag: "x" }], []]) {
    const refused = await forge(list);
    expect([refused.status, refused.body.type]).toEqual([409, expect.stringContaining("upload-incomplete")]);
  }
  const repeated = await forge([parts[0], parts[0], parts[0]]);
  expect(repeated.body.detail).toBe("The list names 1 of 3 parts.");
  expect((await forge(parts)).status).toBe(202);
});

test("fifty uploads at once never share the last bytes of a quota, and give them back", async () => {
  const projectId = await seedProject(deps, { [api.seed.people.editor.id]: "manager" }, "Small");
  await deps.sql`update projects set quota_bytes = 10000 where id = ${projectId}`;
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => api.as("editor").post("/presign", wanted({ projectId }))),
  );
  const opened = answers.filter(({ status }) => status === 201);
  expect(opened).toHaveLength(5);
  const refused = answers.find(({ status }) => status === 409);
  expect(refused?.body.type).toContain("quota-exceeded");
  expect(refused?.body.detail).toContain("room for");
  expect(await storageOf(projectId)).toEqual({ used: 0, reserved: 10_000 });

  const [first, second, third] = opened.map(({ body }) => body);
  expect((await api.as("editor").del(`/presign/${first.uploadId}`, "*")).status).toBe(204);
  expect((await api.as("editor").del(`/presign/${first.uploadId}`, "*")).status).toBe(204);
  await put(second.put.url, clip(), second.put.headers);
  const promoted = await api.as("editor").post("/promote", { uploadId: second.uploadId });
  await copyToMaster(deps, promoted.body.versionId);
  await put(third.put.url, Buffer.from("no film at all ".repeat(200)).subarray(0, 2000), third.put.headers);
  expect((await api.as("editor").post("/promote", { uploadId: third.uploadId })).status).toBe(422);
  expect(await storageOf(projectId)).toEqual({ used: 2000, reserved: 4000 });
});

test("a project takes only what it allows, by content", async () => {
  const projectId = await seedProject(deps, { [api.seed.people.editor.id]: "manager" }, "Audio only");
  await deps.sql`update projects set allowed_types = '{"audio/*","image/png"}' where id = ${projectId}`;
  const early = await api.as("editor").post("/presign", wanted({ projectId }));
  expect([early.status, early.body.detail]).toEqual([415, expect.stringContaining("audio/*, image/png")]);
  const disguised = await openAndPut(api, "editor", { projectId, contentType: "audio/wav", name: "a.wav" });
  const late = await api.as("editor").post("/promote", { uploadId: disguised.uploadId });
  expect([late.status, late.body.detail]).toEqual([415, expect.stringContaining("video/mp4")]);
  const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), randomBytes(500)]);
  const still = await openAndPut(api, "editor", {
    projectId,
    body: png,
    contentType: "application/octet-stream",
  });
  expect((await api.as("editor").post("/promote", { uploadId: still.uploadId })).status).toBe(202);
});

test("a manifest travels with the version; a hash that contradicts it is refused", async () => {
  const sha = "ab".repeat(32);
  const manifest = { camera: "Venice 2", startTimecode: "10:00:00:00", sha256: sha, lens: { mm: 32 } };
  const { uploadId } = await openAndPut(api, "editor", { manifest });
  const other = await api.as("editor").post("/promote", { uploadId, sha256: "cd".repeat(32) });
  expect([other.status, other.body.type]).toEqual([422, expect.stringContaining("hash-mismatch")]);
  const { body } = await api.as("editor").post("/promote", { uploadId });
  const [row] = await deps.sql`select manifest, client_sha256 from versions where id = ${body.versionId}`;
  expect(row).toEqual({ manifest, client_sha256: sha });
  const late = await api.as("editor").post("/promote", { uploadId, sha256: "cd".repeat(32) });
  expect([late.status, late.body.type]).toEqual([422, expect.stringContaining("hash-mismatch")]);
  const [xxh128, others] = ["ab".repeat(16), "cd".repeat(16)];
  const refused = await api.as("editor").post("/presign", wanted({ manifest: { xxh128 }, xxh128: others }));
  expect([refused.status, refused.body.type]).toEqual([422, expect.stringContaining("hash-mismatch")]);
  for (const startTimecode of ["noon", "24:00:00:00", "10:60:00:00", "99:99:99:99"]) {
    const bad = await api.as("editor").post("/presign", wanted({ manifest: { startTimecode } }));
    expect([bad.status, bad.body.errors[0].pointer]).toEqual([400, "/manifest/startTimecode"]);
  }
});

test("who may not upload is told so, and strangers see nothing", async () => {
  for (const who of ["reviewer", "viewer"] as const)
    expect((await api.as(who).post("/presign", wanted())).status).toBe(403);
  expect((await api.as("outsider").post("/presign", wanted())).status).toBe(404);
  expect((await api.bearing(undefined).post("/presign", wanted())).status).toBe(401);
  const readOnly = await api.withKey("editor", ["read"]);
  expect((await readOnly.post("/presign", wanted())).status).toBe(403);
  const foreign = await api.as("outsider").post("/presign", wanted({ projectId: api.seed.otherProjectId }));
  const asset = await openAndPut(api, "editor");
  const { body } = await api.as("editor").post("/promote", { uploadId: asset.uploadId });
  const crossed = await api
    .as("outsider")
    .post("/presign", wanted({ projectId: api.seed.otherProjectId, assetId: body.assetId }));
  expect([foreign.status, crossed.status]).toEqual([201, 404]);
});

test("bad input is named field by field", async () => {
  const cases: [object, string][] = [
    [{ bytes: 0 }, "/bytes"],
    [{ bytes: 6e12 }, "/bytes"],
    [{ bytes: 1.5 }, "/bytes"],
    [{ name: "a\0b.mp4" }, "/name"],
    [{ name: "" }, "/name"],
    [{ contentType: "video" }, "/contentType"],
    [{ sha256: "xyz" }, "/sha256"],
    [{ projectId: "prj_1" }, "/projectId"],
  ];
  for (const [change, pointer] of cases) {
    const refused = await api.as("editor").post("/presign", wanted(change));
    expect([refused.status, refused.body.errors?.[0]?.pointer]).toEqual([400, pointer]);
  }
  expect((await api.as("editor").send("POST", "/presign", "{")).status).toBe(400);
  expect((await api.as("editor").get("/presign/upl_nothing")).status).toBe(404);
});

test("a replayed key opens one upload", async () => {
  const key = { "idempotency-key": `open ${Math.random()}` };
  const first = await api.as("editor").post("/presign", wanted(), key);
  const again = await api.as("editor").post("/presign", wanted(), key);
  expect(again.headers.get("idempotent-replay")).toBe("true");
  expect(again.body).toEqual(first.body);
  const other = await api.as("editor").post("/presign", wanted({ bytes: 1 }), key);
  expect(other.status).toBe(422);
});

test("my open uploads are listed page by page, nobody else's", async () => {
  const ids = [];
  for (let i = 0; i < 3; i++) ids.unshift((await open(api, "secondManager" as "editor")).uploadId);
  const one = await api.as("secondManager").get("/presign?state=open&limit=2");
  const two = await api.as("secondManager").get(`/presign?state=open&limit=2&cursor=${one.body.nextCursor}`);
  const seen = [...one.body.items, ...two.body.items].map(({ uploadId }: { uploadId: string }) => uploadId);
  expect(seen).toEqual(ids);
  expect(two.body.nextCursor).toBeNull();
});

test("cancelling frees the parts; what is complete cannot be cancelled", async () => {
  const body = clip(40 * MIB);
  const opened = await open(api, "editor", { bytes: body.length });
  await putParts(api, "editor", opened, body, [1]);
  const [row] = await deps.sql`select storage_upload_id from uploads where id = ${opened.uploadId}`;
  expect((await api.as("editor").del(`/presign/${opened.uploadId}`, "*")).status).toBe(204);
  expect(await listParts(deps.promoter, staged(opened.uploadId), row?.storage_upload_id)).toBeUndefined();
  const late = await api.as("editor").post("/promote", { uploadId: opened.uploadId });
  expect(late.status).toBe(410);
  const whole = await openAndPut(api, "editor");
  await api.as("editor").post("/promote", { uploadId: whole.uploadId });
  expect((await api.as("editor").del(`/presign/${whole.uploadId}`, "*")).status).toBe(409);
});

test("cancelling names the state that was read: arriving parts change nothing, a promotion does", async () => {
  const editor = api.as("editor");
  const body = clip(40 * MIB);
  const opened = await open(api, "editor", { bytes: body.length });
  const path = `/presign/${opened.uploadId}`;
  expect((await editor.send("DELETE", path)).status).toBe(428);
  const tag = (await editor.get(path)).headers.get("etag") ?? "";
  await putParts(api, "editor", opened, body, [1]);
  expect((await editor.get(path)).headers.get("etag")).not.toBe(tag);
  expect((await editor.del(path, tag)).status).toBe(204);

  const whole = await openAndPut(api, "editor");
  const before = (await editor.get(`/presign/${whole.uploadId}`)).headers.get("etag") ?? "";
  await editor.post("/promote", { uploadId: whole.uploadId });
  expect((await editor.del(`/presign/${whole.uploadId}`, before)).status).toBe(412);
});

test("a promotion whose process died after the check is finished by the clock", async () => {
  const good = await openAndPut(api, "editor");
  const bad = await openAndPut(api, "editor", { body: Buffer.from("plain words ".repeat(90)) });
  for (const { uploadId } of [good, bad]) {
    const head = await headObject(deps.promoter, staged(uploadId));
    await deps.sql`update uploads set state = 'received', etag = ${head?.etag ?? ""}, received_at = now(),
      updated_at = now() - interval '10 minutes' where id = ${uploadId}`;
  }
  await round(expireUploads);
  const states = await deps.sql<{ id: string; state: string }[]>`
    select id, state from uploads where id in (${good.uploadId}, ${bad.uploadId})`;
  expect(Object.fromEntries(states.map(({ id, state }) => [id, state]))).toEqual({
    [good.uploadId]: "promoting",
    [bad.uploadId]: "refused",
  });
});

test("the sweep clears what was left in staging, and purges what was deleted a day ago", async () => {
  const { uploadId } = await openAndPut(api, "editor");
  await api.as("editor").del(`/presign/${uploadId}`, "*");
  expect(await headObject(deps.promoter, staged(uploadId))).toBeDefined();
  await round(sweep);
  expect(await headObject(deps.promoter, staged(uploadId))).toBeDefined(); // a moment of grace
  await deps.sql`update uploads set updated_at = now() - interval '1 hour' where id = ${uploadId}`;
  await round(sweep);
  expect(await headObject(deps.promoter, staged(uploadId))).toBeUndefined();

  const gone = await openAndPut(api, "editor");
  const { body } = await api.as("editor").post("/promote", { uploadId: gone.uploadId });
  await copyToMaster(deps, body.versionId);
  await deps.sql`update versions set deleted_at = now() - interval '25 hours' where id = ${body.versionId}`;
  await round(sweep);
  const [kept] = await deps.sql`select purged_at from versions where id = ${body.versionId}`;
  expect(kept?.purged_at).toBeNull(); // the storage still protects it: nothing is half deleted
});
