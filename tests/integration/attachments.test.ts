import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Resources } from "#core/resources.ts";
import { type Api, type Caller, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { type SeededVersion, seedVersion } from "#tests/support/versions.ts";

let resources: Resources;
let api: Api;
let clip: SeededVersion;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  clip = await seedVersion(resources, { projectId: api.seed.projectId });
});
afterAll(() => resources.close());

const say = (who: Caller, input: object = {}) =>
  who.post("/comments", { versionId: clip.versionId, frame: 37, text: "Too dark", ...input });

describe("a file beside a comment", () => {
  const bytes = Buffer.from("notes of the day");
  const file = { name: "notes \u202e.txt", bytes: bytes.length, contentType: "text/plain" };
  const send = (put: { url: string; headers: Record<string, string> }, body: Uint8Array = bytes) =>
    fetch(put.url, { method: "PUT", headers: put.headers, body: body as Uint8Array<ArrayBuffer> });

  test("is sent straight to the storage, shown once it is there, and read by whoever may watch", async () => {
    const { id } = (await say(api.as("reviewer"))).body;
    const opened = await api.as("reviewer").post(`/comments/${id}/attachments`, file);
    expect(opened.status).toBe(201);
    const path = `/attachments/${opened.body.attachment.id}`;
    expect((await api.as("reviewer").post(`${path}/finish`)).status).toBe(409);
    expect((await api.as("viewer").get(path)).status).toBe(404);
    expect((await send(opened.body.put, bytes.subarray(1))).ok).toBe(false);
    expect((await send(opened.body.put)).ok).toBe(true);
    const finished = await api.as("reviewer").post(`${path}/finish`);
    expect(finished.body.attachments).toEqual([{ id: opened.body.attachment.id, ...file }]);
    expect((await api.as("reviewer").post(`${path}/finish`)).status).toBe(200);
    const signed = await api.as("viewer").get(path);
    const read = await fetch(signed.body.url);
    expect(await read.text()).toBe("notes of the day");
    expect(read.headers.get("content-disposition")).toStartWith('inline; filename="notes .txt"');
    expect((await api.as("outsider").get(path)).status).toBe(404);
    expect((await api.as("editor").post(`${path}/remove`)).status).toBe(403);
    const removed = await api.as("reviewer").post(`${path}/remove`);
    expect(removed.body.attachments).toEqual([]);
    expect((await fetch(signed.body.url)).ok).toBe(false);
  });

  test("goes with its comment", async () => {
    const { id } = (await say(api.as("reviewer"))).body;
    const { body } = await api.as("reviewer").post(`/comments/${id}/attachments`, file);
    await send(body.put);
    await api.as("reviewer").post(`/attachments/${body.attachment.id}/finish`);
    const { url } = (await api.as("viewer").get(`/attachments/${body.attachment.id}`)).body;
    expect((await fetch(url)).status).toBe(200);
    await api.as("reviewer").del(`/comments/${id}`);
    expect((await api.as("viewer").get(`/attachments/${body.attachment.id}`)).status).toBe(404);
    expect((await fetch(url)).ok).toBe(false);
  });

  test("that a browser could run is handed over as bytes", async () => {
    const { id } = (await say(api.as("reviewer"))).body;
    const page = { ...file, name: "x.html", contentType: "text/html" };
    const { body } = await api.as("reviewer").post(`/comments/${id}/attachments`, page);
    await send(body.put);
    await api.as("reviewer").post(`/attachments/${body.attachment.id}/finish`);
    const read = await fetch((await api.as("viewer").get(`/attachments/${body.attachment.id}`)).body.url);
    expect(read.headers.get("content-type")).toBe("application/octet-stream");
    expect(read.headers.get("content-disposition")).toStartWith("attachment");
  });

  test("is limited in size and number, to the author", async () => {
    const path = `/comments/${(await say(api.as("reviewer"))).body.id}/attachments`;
    expect((await api.as("editor").post(path, file)).status).toBe(403);
    expect((await api.as("outsider").post(path, file)).status).toBe(404);
    expect((await api.bearing(undefined).post(path, file)).status).toBe(401);
    expect((await api.as("reviewer").post(path, { ...file, bytes: 26_214_401 })).status).toBe(400);
    const made = await Promise.all(Array.from({ length: 12 }, () => api.as("reviewer").post(path, file)));
    expect(made.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(made.filter(({ status }) => status === 409)).toHaveLength(2);
  });
});
