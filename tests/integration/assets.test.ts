import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { seedVersion } from "#tests/support/versions.ts";

let resources: Resources;
let api: Api;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
});
afterAll(() => resources.close());

const seed = (wanted: object = {}) => seedVersion(resources, { projectId: api.seed.projectId, ...wanted });
const seedFolder = async (name = newId("request"), projectId = api.seed.projectId) => {
  const id = newId("folder");
  await resources.sql`insert into folders (id, project_id, name) values (${id}, ${projectId}, ${name})`;
  return id;
};
const names = (answer: { body: { items: { name: string }[] } }) => answer.body.items.map((one) => one.name);

describe("the list of a project", () => {
  let projectId: string;
  let folderId: string;
  const list = (query = "") => api.as("outsider").get(`/assets?projectId=${projectId}${query}`);
  beforeAll(async () => {
    projectId = api.seed.otherProjectId;
    folderId = await seedFolder("Day 1", projectId);
    for (const [name, state, folder] of [
      ["b.mov", "ready", folderId],
      ["A.mov", "failed", null],
      ["c_1.mov", "building", folderId],
      ["d.mov", "playable", null],
      ["Ünï 100%.mov", "promoting", folderId],
    ] as const)
      await seedVersion(resources, { projectId, name, state, folderId: folder });
  });

  test("goes by time, name and change, both ways, page by page", async () => {
    for (const sort of ["createdAt", "-createdAt", "name", "-name", "updatedAt", "-updatedAt"]) {
      const whole = names(await list(`&sort=${sort}`));
      expect(whole).toHaveLength(5);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const answer = await list(`&sort=${sort}&limit=2${cursor ? `&cursor=${cursor}` : ""}`);
        seen.push(...names(answer));
        cursor = answer.body.nextCursor;
      } while (cursor);
      expect(seen).toEqual(whole);
    }
    expect(names(await list("&sort=name")).slice(0, 3)).toEqual(["A.mov", "b.mov", "c_1.mov"]);
    expect(names(await list())).toEqual(names(await list("&sort=createdAt")).reverse());
  });

  test("is narrowed by folder, part of the name and status", async () => {
    expect(names(await list(`&folderId=${folderId}&sort=name`))).toEqual([
      "b.mov",
      "c_1.mov",
      "Ünï 100%.mov",
    ]);
    expect(names(await list("&folderId=root&sort=name"))).toEqual(["A.mov", "d.mov"]);
    expect(names(await list("&q=a.m"))).toEqual(["A.mov"]);
    expect(names(await list("&q=_"))).toEqual(["c_1.mov"]);
    expect(names(await list(`&q=${encodeURIComponent("ünï 100%")}`))).toHaveLength(1);
    expect(names(await list("&status=failed"))).toEqual(["A.mov"]);
    expect(names(await list("&status=in-review&sort=name"))).toEqual(["b.mov", "d.mov"]);
    expect(names(await list("&status=processing&sort=name"))).toEqual(["c_1.mov", "Ünï 100%.mov"]);
    expect(names(await list("&status=approved"))).toEqual([]);
  });

  test("takes empty parameters for left out ones, as a form sends them", async () => {
    expect(names(await list("&folderId=&q=&status=&sort=&cursor=&limit="))).toHaveLength(5);
  });

  test("shows the newest version with a signed poster; a failed one says why", async () => {
    const [ready] = (await list("&q=b.mov")).body.items;
    expect(ready).toMatchObject({
      status: "in-review",
      versionCount: 1,
      version: { state: "ready", progress: 1 },
    });
    expect(ready.poster).toMatch(
      new RegExp(`^${resources.config.PUBLIC_EDGE_BASE}/v/[^/]+/assets/${ready.version.id}/.+/poster\\.jpg$`),
    );
    const [failed] = (await list("&q=A.mov")).body.items;
    expect(failed).toMatchObject({
      status: "failed",
      poster: null,
      version: { reason: "The file is damaged." },
    });
  });

  test("takes one more query for versions, not one more per asset", async () => {
    const count = async (limit: number) => {
      const before = await statements();
      await list(`&limit=${limit}`);
      return (await statements()) - before;
    };
    await count(1);
    expect(await count(5)).toBe(await count(2));
  });

  test("is refused to strangers, and what it does not know is refused", async () => {
    expect((await api.bearing(undefined).get(`/assets?projectId=${projectId}`)).status).toBe(401);
    expect((await api.as("manager").get(`/assets?projectId=${projectId}`)).status).toBe(404);
    expect((await api.as("manager").get("/assets")).status).toBe(400);
    for (const query of ["&sort=size", "&status=lost", "&folderId=x", "&cursor=x", "&limit=1000"])
      expect((await list(query)).status).toBe(400);
  });

  const statements = async () => {
    const [row] = await resources.sql<{ n: number }[]>`
      select xact_commit::int as n from pg_stat_database where datname = current_database()`;
    return row?.n ?? 0;
  };
});

describe("an asset", () => {
  test("is renamed and moved by an editor on the state they have seen", async () => {
    const { assetId } = await seed();
    const folderId = await seedFolder();
    const path = `/assets/${assetId}`;
    const etag = (await api.as("editor").get(path)).headers.get("etag") ?? "";
    const changed = await api.as("editor").patch(path, { name: "New.mov", folderId }, etag);
    expect(changed.body).toMatchObject({ name: "New.mov", folderId });
    expect((await api.as("editor").patch(path, { name: "Late" }, etag)).status).toBe(412);
    expect((await api.as("editor").send("PATCH", path, { name: "x" })).status).toBe(428);
    expect((await api.as("editor").patch(path, { folderId: null })).body.folderId).toBeNull();
    const strange = await seedFolder("theirs", api.seed.otherProjectId);
    expect((await api.as("editor").patch(path, { folderId: strange })).status).toBe(400);
    expect((await api.as("editor").patch(path, { name: "" })).status).toBe(400);
    expect((await api.as("reviewer").patch(path, { name: "x" })).status).toBe(403);
    expect((await api.as("outsider").patch(path, { name: "x" }, "*")).status).toBe(404);
    expect((await api.bearing(undefined).patch(path, { name: "x" }, "*")).status).toBe(401);
  });

  test("lists its versions newest first", async () => {
    const first = await seed();
    const second = await seed({ assetId: first.assetId });
    const third = await seed({ assetId: first.assetId, state: "building" });
    const path = `/assets/${first.assetId}/versions`;
    const page = await api.as("viewer").get(`${path}?limit=2`);
    expect(page.body.items.map((one: { number: number }) => one.number)).toEqual([3, 2]);
    const rest = await api.as("viewer").get(`${path}?limit=2&cursor=${page.body.nextCursor}`);
    expect(rest.body).toMatchObject({ items: [{ id: first.versionId, number: 1 }], nextCursor: null });
    expect((await api.as("outsider").get(path)).status).toBe(404);
    expect((await api.as("viewer").get(`/versions/${third.versionId}`)).body.state).toBe("building");
    expect((await api.as("outsider").get(`/versions/${third.versionId}`)).status).toBe(404);
    // The poster of the newest that has one, while a newer one is still building.
    const asset = await api.as("viewer").get(`/assets/${first.assetId}`);
    expect(asset.body.status).toBe("processing");
    expect(asset.body.poster).toContain(second.versionId);
  });

  test("under lock or hold is not deleted by anyone, and it says until when and why", async () => {
    const until = new Date(Date.now() + 86_400_000);
    const locked = await seed({ lockUntil: until });
    for (const who of ["manager", "admin"] as const) {
      const { status, body } = await api.as(who).del(`/assets/${locked.assetId}`);
      expect(status).toBe(409);
      expect(body.detail).toContain(until.toISOString());
    }
    const held = await seed();
    await resources.sql`update versions set legal_hold = true, hold_reason = 'Case 7',
      hold_placed_by = ${api.seed.people.manager.id} where id = ${held.versionId}`;
    const refused = await api.as("manager").del(`/assets/${held.assetId}`);
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("Case 7")]);
    expect((await api.as("manager").get(`/assets/${held.assetId}`)).status).toBe(200);
  });

  test("is deleted by a manager and taken back within a day", async () => {
    const { assetId, versionId } = await seed();
    const path = `/assets/${assetId}`;
    expect((await api.as("editor").del(path)).status).toBe(403);
    expect((await api.as("outsider").del(path, "*")).status).toBe(404);
    expect((await api.as("manager").del(path, '"7.x"')).status).toBe(412);
    expect((await api.as("manager").del(path)).status).toBe(204);
    expect((await api.as("manager").get(path)).status).toBe(404);
    expect((await api.as("manager").get(`/versions/${versionId}`)).status).toBe(404);
    expect((await api.as("reviewer").post("/comments", { versionId, frame: 0, text: "x" })).status).toBe(404);
    expect((await api.as("editor").post(`${path}/restore`)).status).toBe(403);
    expect((await api.as("outsider").post(`${path}/restore`)).status).toBe(404);
    const restored = await api.as("manager").post(`${path}/restore`);
    expect(restored.body).toMatchObject({ id: assetId, version: { id: versionId, state: "ready" } });
    expect((await api.as("manager").post(`${path}/restore`)).status).toBe(200);
    await api.as("manager").del(path);
    await resources.sql`update assets set deleted_at = now() - interval '25 hours' where id = ${assetId}`;
    expect((await api.as("manager").post(`${path}/restore`)).status).toBe(410);
  });

  test("among several is downloaded by those who may, each newest master by its own address", async () => {
    const mine = await seed();
    const theirs = await seedVersion(resources, { projectId: api.seed.otherProjectId });
    const input = { assetIds: [mine.assetId, theirs.assetId] };
    const { body } = await api.as("editor").post("/assets/download", input);
    expect(body.items).toMatchObject([
      { isDone: true, url: expect.stringContaining(`masters/${mine.versionId}`) },
      { isDone: false, code: "not-found", url: null },
    ]);
    const refused = await api.as("viewer").post("/assets/download", input);
    expect(refused.body.items[0]).toMatchObject({ code: "forbidden", url: null });
  });

  test("among several is moved, deleted and restored with its own outcome", async () => {
    const free = await seed();
    const locked = await seed({ lockUntil: new Date(Date.now() + 86_400_000) });
    const theirs = await seedVersion(resources, { projectId: api.seed.otherProjectId });
    const assetIds = [free.assetId, locked.assetId, theirs.assetId];
    const folderId = await seedFolder();
    const codes = (answer: { body: { items: { code: string | null }[] } }) =>
      answer.body.items.map((one) => one.code);
    expect(codes(await api.as("manager").post("/assets/move", { assetIds, folderId }))).toEqual([
      null,
      null,
      "not-found",
    ]);
    expect(codes(await api.as("manager").post("/assets/delete", { assetIds }))).toEqual([
      null,
      "locked",
      "not-found",
    ]);
    expect(codes(await api.as("manager").post("/assets/restore", { assetIds: [free.assetId] }))).toEqual([
      null,
    ]);
    expect((await api.as("manager").post("/assets/delete", { assetIds: [] })).status).toBe(400);
    expect((await api.bearing(undefined).post("/assets/delete", { assetIds })).status).toBe(401);
  });
});

describe("preview", () => {
  test("is read with signed addresses that all carry one token", async () => {
    const { versionId } = await seed();
    const { status, body } = await api.as("viewer").get(`/preview/${versionId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: "ready", progress: 1, media: { frames: 250 } });
    expect(body.rungs).toEqual([
      { name: "v0", width: 1920, height: 1080, bandwidth: 5_000_000, codecs: "avc1.640028" },
    ]);
    const folder = body.playback.master.replace(/master\.m3u8$/, "");
    expect(body.playback.poster).toBe(`${folder}poster.jpg`);
    expect(body.playback.peaks).toBe(`${folder}peaks.json`);
    expect(Date.parse(body.playback.expiresAt)).toBeGreaterThan(Date.now() + 3500_000);
    expect((await api.as("outsider").get(`/preview/${versionId}`)).status).toBe(404);
    expect((await api.bearing(undefined).get(`/preview/${versionId}`)).status).toBe(401);
  });

  test("is built again once, however often it is asked for, and cancelled", async () => {
    const { versionId } = await seed({ state: "failed" });
    const [a, b] = await Promise.all([
      api.as("editor").post("/preview", { versionId }),
      api.as("editor").post("/preview", { versionId }),
    ]);
    expect([a.status, b.status]).toEqual([202, 202]);
    expect(a.body.jobId).toBe(b.body.jobId);
    expect((await api.as("viewer").get(`/preview/${versionId}`)).body).toMatchObject({
      state: "mastered",
      jobId: a.body.jobId,
      reason: null,
    });
    const hints =
      await resources.sql`select 1 from outbox where topic = 'previews:build' and key = ${a.body.jobId}`;
    expect(hints).toHaveLength(1);
    const other = await api.as("editor").post("/preview", { versionId, recipe: { ladder: [720] } });
    expect(other.body.jobId).not.toBe(a.body.jobId);
    const cancel = (jobId: string) => api.as("editor").post(`/preview/jobs/${jobId}/cancel`);
    expect((await cancel(other.body.jobId)).status).toBe(200);
    expect((await cancel(other.body.jobId)).status).toBe(409);
    expect((await api.as("viewer").get(`/preview/${versionId}`)).body.state).toBe("mastered");
    expect((await cancel(a.body.jobId)).status).toBe(200);
    const after = await api.as("viewer").get(`/preview/${versionId}`);
    expect(after.body).toMatchObject({ state: "failed", reasonCode: "cancelled" });
    expect((await cancel(newId("job"))).status).toBe(404);
  });

  test("needs an editor and a master", async () => {
    const { versionId } = await seed();
    const ask = (who: Parameters<Api["as"]>[0], input: object) =>
      api.as(who).post("/preview", { versionId, ...input });
    expect((await ask("reviewer", {})).status).toBe(403);
    expect((await ask("outsider", {})).status).toBe(404);
    expect((await ask("editor", { recipe: { ladder: [5] } })).status).toBe(400);
    expect((await ask("editor", { recipe: { unknown: 1 } })).status).toBe(400);
    expect((await (await api.withKey("editor", ["upload"])).post("/preview", { versionId })).status).toBe(
      202,
    );
    const early = await seed({ state: "promoting" });
    await resources.sql`update versions set lock_read_at = null where id = ${early.versionId}`;
    expect((await ask("editor", { versionId: early.versionId })).status).toBe(409);
  });
});

test("two versions are compared by their timecodes, for those who may watch both", async () => {
  const left = await seed();
  const right = await seed({ media: { startTimecode: "00:59:58:00" } });
  const path = (a: string, b: string) => `/compare?left=${a}&right=${b}`;
  const { body } = await api.as("viewer").get(path(left.versionId, right.versionId));
  expect(body).toMatchObject({
    left: { version: { id: left.versionId }, playback: { master: expect.stringContaining(left.versionId) } },
    right: { version: { id: right.versionId } },
    frameOffset: 50,
  });
  const theirs = await seedVersion(resources, { projectId: api.seed.otherProjectId });
  expect((await api.as("viewer").get(path(left.versionId, theirs.versionId))).status).toBe(404);
  expect((await api.as("viewer").get("/compare?left=x")).status).toBe(400);
  const building = await seed({ state: "building" });
  const half = await api.as("viewer").get(path(left.versionId, building.versionId));
  expect(half.body.right.playback).toBeNull();
});

test("search finds names, comments and people of the project", async () => {
  const { versionId, assetId } = await seed({ name: "Zebra crossing.mov" });
  await api.as("reviewer").post("/comments", { versionId, frame: 7, text: "More zebra, less crossing" });
  const find = (q: string, who: Parameters<Api["as"]>[0] = "viewer") =>
    api.as(who).get(`/search?projectId=${api.seed.projectId}&q=${encodeURIComponent(q)}`);
  const { body } = await find("ZEBRA");
  expect(body.assets).toMatchObject([{ id: assetId }]);
  expect(body.comments).toMatchObject([{ assetId, frame: 7, authorName: "reviewer" }]);
  expect((await find("edit")).body.people).toMatchObject([{ id: api.seed.people.editor.id }]);
  expect((await find("%")).body).toEqual({ assets: [], folders: [], comments: [], people: [] });
  expect((await find("zebra", "outsider")).status).toBe(404);
  const everywhere = (who: Parameters<Api["as"]>[0]) => api.as(who).get("/search?q=zebra");
  expect((await everywhere("viewer")).body.assets).toMatchObject([
    { id: assetId, projectId: api.seed.projectId },
  ]);
  expect((await everywhere("admin")).body.assets).toHaveLength(1);
  expect((await everywhere("outsider")).body).toEqual({ assets: [], folders: [], comments: [], people: [] });
  expect((await find("")).status).toBe(400);
});
