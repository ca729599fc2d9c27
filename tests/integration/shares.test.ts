import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { eventually } from "#tests/support/eventually.ts";
import { testResources } from "#tests/support/resources.ts";
import { EventReader } from "#tests/support/stream.ts";
import { type SeededVersion, seedVersion } from "#tests/support/versions.ts";

let resources: Resources;
let api: Api;
let shown: SeededVersion;
let hidden: SeededVersion;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  shown = await seedVersion(resources, { projectId: api.seed.projectId, name: "Shown.mov" });
  hidden = await seedVersion(resources, { projectId: api.seed.projectId, name: "Hidden.mov" });
});
afterAll(() => resources.close());

const nobody = () => api.bearing(undefined);
const make = async (input: object = {}) => {
  const { projectId } = api.seed;
  const answer = await api
    .as("editor")
    .post("/shares", { projectId, versionIds: [shown.versionId], ...input });
  expect(answer.status).toBe(201);
  return answer.body as { id: string; token: string; url: string };
};
const unlock = (token: string, input: object = {}) =>
  nobody().post(`/shares/open/${token}/unlock`, { name: "Gina", ...input });

describe("a link", () => {
  test("is made by an editor, can be copied again, and is kept as a hash only", async () => {
    const made = await api.as("editor").post("/shares", {
      projectId: api.seed.projectId,
      versionIds: [shown.versionId, shown.versionId],
      passphrase: "open sesame",
      watermark: "Draft",
      allow: { comment: true },
    });
    expect(made.status).toBe(201);
    const { body } = made;
    expect(body).toMatchObject({
      name: "Shown.mov",
      versionIds: [shown.versionId],
      hasPassphrase: true,
      watermark: "Draft",
      allow: { comment: true, approve: false, download: false, upload: false },
      views: 0,
      downloads: 0,
      createdBy: "editor",
    });
    expect(body.token).toMatch(/^rs_[\w-]{43}$/);
    expect(body.url).toBe(`${resources.config.PUBLIC_SITE_BASE}/s/${body.token}`);
    const read = await api.as("manager").get(`/shares/${body.id}`);
    expect(read.body).toEqual(body);
    expect(read.headers.get("etag")).toBe(made.headers.get("etag"));
    const [row] = await resources.sql`select * from shares where id = ${body.id}`;
    expect(JSON.stringify(row)).not.toContain(body.token.slice(3));
    expect(row?.passphrase_hash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  });

  test.each([
    [{ versionIds: [] }, "/versionIds"],
    [{ versionIds: [newId("version")] }, "/versionIds/0"],
    [{ passphrase: "abc" }, "/passphrase"],
    [{ expiresAt: "2001-01-01T00:00:00Z" }, "/expiresAt"],
    [{ expiresAt: "tomorrow" }, "/expiresAt"],
  ])("%j is refused and says where", async (input, pointer) => {
    const { projectId } = api.seed;
    const answer = await api
      .as("editor")
      .post("/shares", { projectId, versionIds: [shown.versionId], ...input });
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  test("shows nothing of another project, and is not made by those who may not", async () => {
    const { projectId, otherProjectId } = api.seed;
    const input = { projectId, versionIds: [shown.versionId] };
    expect((await nobody().post("/shares", input)).status).toBe(401);
    expect((await api.as("reviewer").post("/shares", input)).status).toBe(403);
    expect((await api.as("outsider").post("/shares", input)).status).toBe(404);
    const elsewhere = { ...input, projectId: otherProjectId };
    expect((await api.as("outsider").post("/shares", elsewhere)).status).toBe(400);
  });

  test("of a project is listed newest first, and someone else's is not there", async () => {
    const own = await seedVersion(resources, { projectId: api.seed.projectId });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await make({ versionIds: [own.versionId] })).id);
    const path = `/shares?projectId=${api.seed.projectId}&versionId=${own.versionId}&limit=2`;
    const first = await api.as("editor").get(path);
    const second = await api.as("editor").get(`${path}&cursor=${first.body.nextCursor}`);
    const items = [...first.body.items, ...second.body.items] as { id: string }[];
    expect(items.map((one) => one.id)).toEqual(ids);
    expect(second.body.nextCursor).toBeNull();
    for (const path of [
      `/shares?projectId=${api.seed.projectId}`,
      `/shares/${ids[0]}`,
      `/shares/${ids[0]}/visits`,
    ])
      expect((await api.as("outsider").get(path)).status).toBe(404);
    expect((await api.as("viewer").get(`/shares/${ids[0]}`)).status).toBe(403);
    expect((await api.as("outsider").patch(`/shares/${ids[0]}`, {}, "*")).status).toBe(404);
    expect((await api.as("outsider").del(`/shares/${ids[0]}`, "*")).status).toBe(404);
    expect((await api.as("editor").get("/shares")).status).toBe(400);
  });

  test("made twice with one key is one link", async () => {
    const input = { projectId: api.seed.projectId, versionIds: [shown.versionId] };
    const headers = { "idempotency-key": newId("request") };
    const first = await api.as("editor").post("/shares", input, headers);
    const again = await api.as("editor").post("/shares", input, headers);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("idempotent-replay")).toBe("true");
  });
});

describe("a guest", () => {
  test("opens a link without a passphrase and sees what it shows, and nothing else", async () => {
    const { token } = await make({ allow: { comment: true } });
    const { status, body } = await nobody().get(`/shares/open/${token}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      projectName: "Project",
      sharedBy: "editor",
      needsPassphrase: false,
      unlocked: true,
      guest: null,
    });
    expect(body.items).toHaveLength(1);
    expect(body.items[0].version.id).toBe(shown.versionId);
    expect(body.items[0].asset).toMatchObject({ id: shown.assetId, versionCount: 1, folderId: null });
    const guest = api.bearing(token);
    expect((await guest.get(`/assets/${shown.assetId}`)).status).toBe(200);
    expect((await guest.get(`/versions/${shown.versionId}`)).status).toBe(200);
    const preview = await guest.get(`/preview/${shown.versionId}`);
    expect(preview.body.playback.master).toContain(`/assets/${shown.versionId}/`);
    const listed = await guest.get(`/assets?projectId=${api.seed.projectId}`);
    expect(listed.body.items.map((one: { id: string }) => one.id)).toEqual([shown.assetId]);
    for (const path of [
      `/assets/${hidden.assetId}`,
      `/assets/${hidden.assetId}/versions`,
      `/versions/${hidden.versionId}`,
      `/versions/${hidden.versionId}/approvals`,
      `/preview/${hidden.versionId}`,
      `/comments?versionId=${hidden.versionId}`,
      `/compare?left=${shown.versionId}&right=${hidden.versionId}`,
      `/assets?projectId=${api.seed.otherProjectId}`,
      `/shares?projectId=${api.seed.projectId}`,
      `/projects/${api.seed.projectId}`,
      `/search?projectId=${api.seed.projectId}&q=hid`,
    ])
      expect([path, (await guest.get(path)).status]).toEqual([path, 404]);
    expect((await guest.patch(`/assets/${shown.assetId}`, { name: "x" }, "*")).status).toBe(404);
    expect((await guest.del(`/assets/${shown.assetId}`, "*")).status).toBe(404);
    expect((await guest.post("/preview", { versionId: shown.versionId })).status).toBe(404);
  });

  test("sees only the shared versions of an asset, the newest of them on top", async () => {
    const first = await seedVersion(resources, { projectId: api.seed.projectId, name: "v1.mov" });
    const second = await seedVersion(resources, {
      projectId: api.seed.projectId,
      assetId: first.assetId,
      name: "v2.mov",
    });
    const { token } = await make({ versionIds: [first.versionId] });
    const asset = await api.bearing(token).get(`/assets/${first.assetId}`);
    expect(asset.body).toMatchObject({ versionCount: 1, version: { id: first.versionId } });
    expect(asset.body.poster).toContain(first.versionId);
    const versions = await api.bearing(token).get(`/assets/${first.assetId}/versions`);
    expect(versions.body.items.map((one: { id: string }) => one.id)).toEqual([first.versionId]);
    expect((await api.bearing(token).get(`/versions/${second.versionId}`)).status).toBe(404);
  });

  test("gives the passphrase and a name, and is known by it", async () => {
    const { token } = await make({ passphrase: "open sesame", allow: { comment: true, approve: true } });
    const before = await nobody().get(`/shares/open/${token}`);
    expect(before.body).toMatchObject({ needsPassphrase: true, unlocked: false, items: [] });
    const refused = await api.bearing(token).get(`/versions/${shown.versionId}`);
    expect([refused.status, refused.body.type]).toEqual([
      401,
      expect.stringContaining("passphrase-required"),
    ]);
    expect((await unlock(token)).status).toBe(401);
    expect((await unlock(token, { passphrase: "wrong" })).status).toBe(403);
    expect((await unlock(token, { passphrase: "open sesame", name: " " })).status).toBe(400);
    const opened = await unlock(token, { passphrase: "open sesame" });
    expect(opened.status).toBe(200);
    expect(opened.body.token).toMatch(/^rg_[\w-]{43}$/);
    expect(opened.headers.get("set-cookie")).toMatch(
      /^__Host-rushes_guest=rg_.*HttpOnly.*Secure.*SameSite=Lax/,
    );
    expect(opened.body.share).toMatchObject({ unlocked: true, guest: { name: "Gina" } });
    const guest = api.bearing(opened.body.token);
    expect((await guest.get(`/shares/open/${token}`)).body.guest).toMatchObject({ name: "Gina" });
    const said = await guest.post("/comments", { versionId: shown.versionId, frame: 3, text: "Nice" });
    expect(said.body.author).toEqual({ kind: "guest", ...opened.body.share.guest });
    const given = await guest.post(`/versions/${shown.versionId}/approval`, { verdict: "approved" });
    expect(given.body.author).toMatchObject({ kind: "guest", name: "Gina" });
    const other = api.bearing((await unlock(token, { passphrase: "open sesame", name: "Hugo" })).body.token);
    const path = `/comments/${said.body.id}`;
    expect((await other.patch(path, { text: "Bad" }, "*")).status).toBe(403);
    expect((await other.del(path, "*")).status).toBe(403);
    expect((await guest.patch(path, { text: "Very nice" }, said.body.etag)).status).toBe(200);
    expect((await guest.post(`${path}/resolve`)).status).toBe(200);
    expect((await guest.del(path)).status).toBe(204);
  });

  test("may do what the link allows, as it is now", async () => {
    const { id, token } = await make();
    const guest = api.bearing((await unlock(token)).body.token);
    const say = () => guest.post("/comments", { versionId: shown.versionId, frame: 1, text: "Hm" });
    expect((await say()).status).toBe(403);
    expect((await guest.post(`/versions/${shown.versionId}/approval`, { verdict: "approved" })).status).toBe(
      403,
    );
    await api.as("editor").patch(`/shares/${id}`, { allow: { comment: true } });
    expect((await say()).status).toBe(201);
    await api.as("editor").patch(`/shares/${id}`, { versionIds: [hidden.versionId] });
    expect((await say()).status).toBe(404);
    expect((await guest.get(`/versions/${hidden.versionId}`)).status).toBe(200);
  });

  test("is out when the passphrase changes, the link is renewed, or it is withdrawn", async () => {
    const { id, token } = await make({ passphrase: "first" });
    const guest = api.bearing((await unlock(token, { passphrase: "first" })).body.token);
    expect((await guest.get(`/versions/${shown.versionId}`)).status).toBe(200);
    await api.as("editor").patch(`/shares/${id}`, { passphrase: "second" });
    expect((await guest.get(`/versions/${shown.versionId}`)).status).toBe(401);
    expect((await unlock(token, { passphrase: "first" })).status).toBe(403);
    const renewed = await api.as("editor").patch(`/shares/${id}`, { passphrase: null, renewLink: true });
    expect(renewed.body.token).not.toBe(token);
    expect((await nobody().get(`/shares/open/${token}`)).status).toBe(404);
    const again = api.bearing((await unlock(renewed.body.token)).body.token);
    expect((await again.get(`/versions/${shown.versionId}`)).status).toBe(200);
    expect((await api.as("editor").del(`/shares/${id}`)).status).toBe(204);
    expect((await again.get(`/versions/${shown.versionId}`)).status).toBe(401);
    expect((await nobody().get(`/shares/open/${renewed.body.token}`)).status).toBe(410);
    expect((await api.bearing(renewed.body.token).get(`/versions/${shown.versionId}`)).status).toBe(410);
    expect((await api.as("editor").get(`/shares/${id}`)).status).toBe(404);
  });

  test("is out when the link expires, and unknown links open nothing", async () => {
    const { id, token } = await make({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
    const guest = api.bearing((await unlock(token)).body.token);
    await resources.sql`update shares set expires_at = now() - interval '1 second' where id = ${id}`;
    expect((await nobody().get(`/shares/open/${token}`)).status).toBe(410);
    expect((await unlock(token)).status).toBe(410);
    expect((await guest.get(`/versions/${shown.versionId}`)).status).toBe(401);
    for (const unknown of [`rs_${"a".repeat(43)}`, "rs_", "x", "%00"])
      expect((await nobody().get(`/shares/open/${unknown}`)).status).toBeOneOf([400, 404]);
    expect((await api.bearing(`rs_${"a".repeat(43)}`).get(`/versions/${shown.versionId}`)).status).toBe(401);
  });

  test("cannot guess on and on", async () => {
    const { token } = await make({ passphrase: "open sesame" });
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) statuses.push((await unlock(token, { passphrase: `guess ${i}` })).status);
    expect(statuses.filter((status) => status === 403).length).toBeLessThanOrEqual(22);
    const last = await unlock(token, { passphrase: "open sesame" });
    expect(last.status).toBe(429);
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

test("views are counted once per visitor and visit, listed with names, and announced", async () => {
  const { id, token } = await make({ name: "For the client" });
  await nobody().get(`/shares/open/${token}`);
  await nobody().get(`/shares/open/${token}`);
  await unlock(token, { name: "Gina" });
  expect((await api.as("editor").get(`/shares/${id}`)).body).toMatchObject({ views: 2, downloads: 0 });
  const visits = await api.as("editor").get(`/shares/${id}/visits?limit=1`);
  expect(visits.body.items).toMatchObject([{ kind: "view", guestName: "Gina", versionId: null }]);
  const next = await api.as("editor").get(`/shares/${id}/visits?limit=1&cursor=${visits.body.nextCursor}`);
  expect(next.body).toMatchObject({ items: [{ guestName: null }], nextCursor: null });
  const events = await resources.sql`
    select 1 from outbox where body ->> 'type' = 'share.opened' and body -> 'data' ->> 'shareId' = ${id}`;
  expect(events).toHaveLength(2);
});

test("a link is changed on the state that was seen", async () => {
  const { id } = await make();
  const etag = (await api.as("editor").get(`/shares/${id}`)).headers.get("etag") ?? "";
  const first = await api.as("editor").patch(`/shares/${id}`, { name: "Renamed", watermark: "W" }, etag);
  expect(first.body).toMatchObject({ name: "Renamed", watermark: "W" });
  expect((await api.as("editor").patch(`/shares/${id}`, { name: "Late" }, etag)).status).toBe(412);
  expect((await api.as("editor").del(`/shares/${id}`, etag)).status).toBe(412);
  expect((await api.as("editor").send("DELETE", `/shares/${id}`)).status).toBe(428);
  expect((await api.as("editor").patch(`/shares/${id}`, { versionIds: [] })).status).toBe(400);
});

test("a guest's event stream ends at once when the link no longer shows what it follows", async () => {
  const { id, token } = await make();
  const guest = api.bearing((await unlock(token)).body.token);
  const path = `/events?projectId=${api.seed.projectId}&versionId=${shown.versionId}`;
  const reader = new EventReader(await guest.send("GET", path));
  await eventually(() => expect(reader.ofType("presence").length).toBeGreaterThan(0));
  await api.as("editor").patch(`/shares/${id}`, { versionIds: [hidden.versionId] });
  await eventually(() => expect(reader.ended).toBe(true), { withinMs: 3000 });
  expect((await guest.send("GET", path)).status).toBe(404);
});
