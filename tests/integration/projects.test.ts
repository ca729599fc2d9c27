import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { aSecondApart } from "#tests/support/apart.ts";
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

const open = async (who: "manager" | "outsider" = "manager", input: object = {}) =>
  (await api.as(who).post("/projects", { name: "New", ...input })).body.id as string;

describe("a project", () => {
  test("is opened by anybody signed in, who becomes its manager", async () => {
    const { status, body, headers } = await api
      .as("outsider")
      .post("/projects", { name: " Ours ", quotaBytes: 5e12, lockDays: 7 });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: "Ours",
      role: "manager",
      quotaBytes: 5e12,
      lockDays: 7,
      storageUsedBytes: 0,
    });
    expect(headers.get("location")).toEndWith(`/projects/${body.id}`);
    const read = await api.as("outsider").get(`/projects/${body.id}`);
    expect(read.body).toEqual(body);
    expect(read.headers.get("etag")).toBe(headers.get("etag"));
    const trail =
      await resources.sql`select action, actor_name, request_id from audit_log where subject = ${body.id}`;
    expect([...trail]).toEqual([
      { action: "project.created", actor_name: "outsider", request_id: headers.get("x-request-id") },
    ]);
  });

  test("is listed to its members, page by page, newest first", async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push(await open("outsider", { name: `Page ${i}` }));
    await aSecondApart(resources.sql, "projects", made);
    made.reverse();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor ? `&cursor=${cursor}` : "";
      const { body } = await api.as("outsider").get(`/projects?limit=2&q=page${query}`);
      seen.push(...body.items.map((one: { id: string }) => one.id));
      cursor = body.nextCursor;
    } while (cursor);
    expect(seen).toEqual(made);
    const others = await api.as("viewer").get("/projects");
    expect(others.body.items.map((one: { id: string }) => one.id)).toEqual([api.seed.projectId]);
    const all = await api.as("admin").get("/projects?limit=200");
    expect(all.body.items.length).toBeGreaterThan(6);
  });

  test("shows the newest picture of its three newest assets", async () => {
    const projectId = await open();
    const read = async () => (await api.as("manager").get(`/projects/${projectId}`)).body.posters;
    expect(await read()).toEqual([]);
    const made = [];
    for (let i = 0; i < 4; i++) made.push(await seedVersion(resources, { projectId }));
    const newer = await seedVersion(resources, { projectId, assetId: made[3]?.assetId ?? "" });
    const unbuilt = await seedVersion(resources, { projectId, state: "building" });
    await aSecondApart(
      resources.sql,
      "assets",
      [...made, unbuilt].map(({ assetId }) => assetId),
    );
    const posters: string[] = await read();
    const wanted = [newer, made[2], made[1]].map((one) => new RegExp(`/${one?.versionId}/.*/poster.jpg$`));
    expect(posters).toEqual(wanted.map((pattern) => expect.stringMatching(pattern)));
  });

  test("is changed by its managers, on the state they have seen", async () => {
    const id = await open();
    const { headers } = await api.as("manager").get(`/projects/${id}`);
    const etag = headers.get("etag") ?? "";
    const first = await api.as("manager").patch(`/projects/${id}`, { name: "Renamed" }, etag);
    expect(first.status).toBe(200);
    expect(first.body.name).toBe("Renamed");
    expect((await api.as("manager").patch(`/projects/${id}`, { name: "Late" }, etag)).status).toBe(412);
    expect((await api.as("manager").patch(`/projects/${id}`, { name: "Any" }, "*")).status).toBe(200);
    expect((await api.as("manager").send("PATCH", `/projects/${id}`, { name: "x" })).status).toBe(428);
    expect((await api.as("editor").patch(`/projects/${api.seed.projectId}`, { name: "x" })).status).toBe(403);
    expect((await api.as("outsider").patch(`/projects/${id}`, { name: "x" }, "*")).status).toBe(404);
  });

  test("is not sent again to who has it", async () => {
    const path = `/projects/${api.seed.projectId}`;
    const etag = (await api.as("viewer").get(path)).headers.get("etag") ?? "";
    expect((await api.as("viewer").get(path, { "if-none-match": etag })).status).toBe(304);
  });

  test("with a locked or held master is not deleted, without one it is", async () => {
    const id = await open();
    const versionId = await seedMaster(resources, id, { lockedForDays: 1 });
    const locked = await api.as("manager").del(`/projects/${id}`);
    expect([locked.status, locked.body.type]).toEqual([409, expect.stringContaining("#locked")]);
    await resources.sql`update versions set lock_until = now() - interval '1 s', legal_hold = true,
      hold_reason = 'court', hold_placed_by = ${api.seed.people.manager.id} where id = ${versionId}`;
    const held = await api.as("manager").del(`/projects/${id}`);
    expect([held.status, held.body.type]).toEqual([409, expect.stringContaining("#under-hold")]);
    await resources.sql`update versions set legal_hold = false where id = ${versionId}`;
    expect((await api.as("manager").del(`/projects/${id}`)).status).toBe(204);
    expect((await api.as("manager").get(`/projects/${id}`)).status).toBe(404);
    const [row] = await resources.sql`select deleted_at from versions where id = ${versionId}`;
    expect(row?.deleted_at).not.toBeNull();
  });

  test("made with an API key needs its scope", async () => {
    expect((await (await api.withKey("manager", ["read"])).post("/projects", { name: "x" })).status).toBe(
      403,
    );
    expect((await (await api.withKey("manager", ["manage"])).post("/projects", { name: "x" })).status).toBe(
      201,
    );
  });

  test("with a bad name is refused field by field", async () => {
    for (const [body, pointer] of [
      [{}, "/name"],
      [{ name: " " }, "/name"],
      [{ name: "a\0b" }, "/name"],
      [{ name: "\ud800" }, "/name"],
      [{ name: "x".repeat(201) }, "/name"],
      [{ name: "x", lockDays: 0 }, "/lockDays"],
      [{ name: "x", storageClass: "GLACIER" }, "/storageClass"],
      [{ name: "x", quotaBytes: -1 }, "/quotaBytes"],
    ] as const) {
      const { status, body: problem } = await api.as("manager").post("/projects", body);
      expect(status).toBe(400);
      expect(problem.errors[0].pointer).toBe(pointer);
    }
  });
});

describe("members", () => {
  test("are listed to every member, and found by name", async () => {
    const path = `/projects/${api.seed.projectId}/members`;
    const { body } = await api.as("viewer").get(path);
    expect(body.items.map((one: { role: string }) => one.role).sort()).toEqual(
      ["editor", "manager", "manager", "reviewer", "viewer"].sort(),
    );
    const found = await api.as("viewer").get(`${path}?q=EDIT`);
    expect(found.body.items.map((one: { person: object }) => one.person)).toEqual([api.seed.people.editor]);
    expect((await api.as("outsider").get(path)).status).toBe(404);
  });

  test("are let in by address before they ever signed in", async () => {
    const id = await open();
    const input = { email: "New.One@Example.Test", role: "reviewer" };
    const { status, body } = await api.as("manager").post(`/projects/${id}/members`, input);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      person: { email: "new.one@example.test", name: "new.one" },
      role: "reviewer",
    });
    expect((await api.as("manager").post(`/projects/${id}/members`, input)).status).toBe(409);
  });

  test("change role and leave, but the last manager stays", async () => {
    const id = await open();
    const { manager, editor } = api.seed.people;
    const path = `/projects/${id}/members`;
    const mine = `${path}/${manager.id}`;
    expect((await api.as("manager").del(mine)).status).toBe(409);
    expect((await api.as("manager").patch(mine, { role: "viewer" })).status).toBe(409);
    await api.as("manager").post(path, { email: editor.email, role: "editor" });
    expect((await api.as("editor").patch(`${path}/${editor.id}`, { role: "manager" })).status).toBe(403);
    expect((await api.as("manager").patch(`${path}/${editor.id}`, { role: "manager" })).status).toBe(200);
    expect((await api.as("manager").del(mine)).status).toBe(204);
    expect((await api.as("manager").get(`/projects/${id}`)).status).toBe(404);
    expect((await api.as("editor").get(`/projects/${id}`)).status).toBe(200);
  });

  test("of two last managers who leave at once, one stays", async () => {
    const id = await open();
    const { manager, editor } = api.seed.people;
    const path = `/projects/${id}/members`;
    await api.as("manager").post(path, { email: editor.email, role: "manager" });
    const left = await Promise.all([
      api.as("manager").del(`${path}/${manager.id}`, "*"),
      api.as("editor").del(`${path}/${editor.id}`, "*"),
    ]);
    expect(left.map(({ status }) => status).sort()).toEqual([204, 409]);
  });
});

describe("folders", () => {
  test("make a tree without circles", async () => {
    const id = await open();
    const path = `/projects/${id}/folders`;
    const make = async (name: string, parentId: string | null = null) =>
      (await api.as("manager").post(path, { name, parentId })).body.id as string;
    const [a] = [await make("A")];
    const b = await make("B", a);
    const c = await make("C", b);
    expect((await api.as("manager").patch(`${path}/${a}`, { parentId: c })).status).toBe(409);
    expect((await api.as("manager").patch(`${path}/${a}`, { parentId: a })).status).toBe(409);
    expect((await api.as("manager").patch(`${path}/${c}`, { parentId: null })).status).toBe(200);
    const [x, y] = [await make("X"), await make("Y")];
    const moved = await Promise.all([
      api.as("manager").patch(`${path}/${x}`, { parentId: y }, "*"),
      api.as("manager").patch(`${path}/${y}`, { parentId: x }, "*"),
    ]);
    expect(moved.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { body } = await api.as("manager").get(path);
    expect(body.items.map((one: { name: string }) => one.name)).toEqual(["A", "B", "C", "X", "Y"]);
  });

  test("have one name per place, whatever its case", async () => {
    const path = `/projects/${await open()}/folders`;
    const first = await api.as("manager").post(path, { name: "Dailies" });
    expect((await api.as("manager").post(path, { name: "dailies" })).status).toBe(409);
    expect((await api.as("manager").post(path, { name: "dailies", parentId: first.body.id })).status).toBe(
      201,
    );
    const other = await api.as("manager").post(path, { name: "Rushes" });
    expect((await api.as("manager").patch(`${path}/${other.body.id}`, { name: "DAILIES" })).status).toBe(409);
  });

  test("are deleted only when empty", async () => {
    const projectId = await open();
    const path = `/projects/${projectId}/folders`;
    const outer = (await api.as("manager").post(path, { name: "Outer" })).body.id;
    const inner = (await api.as("manager").post(path, { name: "Inner", parentId: outer })).body.id;
    expect((await api.as("manager").del(`${path}/${outer}`)).status).toBe(409);
    const assetId = newId("asset");
    await resources.sql`insert into assets (id, project_id, folder_id, name) values (${assetId}, ${projectId}, ${inner}, 'a')`;
    expect((await api.as("manager").del(`${path}/${inner}`)).status).toBe(409);
    await resources.sql`update assets set deleted_at = now() where id = ${assetId}`;
    expect((await api.as("manager").del(`${path}/${inner}`)).status).toBe(204);
    expect((await api.as("manager").del(`${path}/${outer}`)).status).toBe(204);
  });

  test("do not lie in a folder of somebody else's project", async () => {
    const foreign = (
      await api.as("outsider").post(`/projects/${api.seed.otherProjectId}/folders`, { name: "F" })
    ).body.id;
    const { status, body } = await api
      .as("manager")
      .post(`/projects/${api.seed.projectId}/folders`, { name: "G", parentId: foreign });
    expect([status, body.errors?.[0].pointer]).toEqual([400, "/parentId"]);
  });
});

async function seedMaster(
  { sql }: Resources,
  projectId: string,
  { lockedForDays }: { lockedForDays: number },
) {
  const [assetId, uploadId, versionId] = [newId("asset"), newId("upload"), newId("version")];
  await sql`insert into assets (id, project_id, name) values (${assetId}, ${projectId}, 'a')`;
  await sql`insert into uploads (id, project_id, name, bytes, content_type, method, storage_key, state, received_at, expires_at)
    values (${uploadId}, ${projectId}, 'a', 1, 'video/mp4', 'put', ${`uploads/${uploadId}`}, 'promoted', now(), now())`;
  await sql`insert into versions (id, project_id, asset_id, upload_id, number, state, name, bytes, content_type, master_key,
      master_version_id, lock_mode, lock_until, lock_read_at)
    values (${versionId}, ${projectId}, ${assetId}, ${uploadId}, 1, 'mastered', 'a', 1, 'video/mp4', ${`masters/${versionId}`},
      'v', 'GOVERNANCE', now() + make_interval(days => ${lockedForDays}), now())`;
  return versionId;
}
