import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import type { Persona } from "#tests/support/people.ts";
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
const give = (who: Persona, versionId: string, verdict: string, note?: string) =>
  api.as(who).post(`/versions/${versionId}/approval`, { verdict, ...(note ? { note } : {}) });
const statusOf = async (versionId: string) =>
  (await api.as("viewer").get(`/versions/${versionId}`)).body.status;

describe("a verdict", () => {
  test("is kept in a history, and the latest of each person counts", async () => {
    const { versionId, assetId } = await seed({ createdBy: api.seed.people.editor.id });
    expect(await statusOf(versionId)).toBe("in-review");
    const given = await give("reviewer", versionId, "approved", "Lovely");
    expect(given.status).toBe(201);
    expect(given.body).toMatchObject({ verdict: "approved", note: "Lovely", author: { name: "reviewer" } });
    expect(await statusOf(versionId)).toBe("approved");
    await give("manager", versionId, "changes-requested");
    expect(await statusOf(versionId)).toBe("changes-requested");
    await give("manager", versionId, "approved");
    expect(await statusOf(versionId)).toBe("approved");
    const listed = await api.as("viewer").get(`/assets?projectId=${api.seed.projectId}&status=approved`);
    expect(listed.body.items.map((one: { id: string }) => one.id)).toEqual([assetId]);
    const history = await api.as("viewer").get(`/versions/${versionId}/approvals?limit=2`);
    expect(history.body.items.map((one: { author: { name: string } }) => one.author.name)).toEqual([
      "manager",
      "manager",
    ]);
    const rest = await api
      .as("viewer")
      .get(`/versions/${versionId}/approvals?limit=2&cursor=${history.body.nextCursor}`);
    expect(rest.body).toMatchObject({ items: [{ id: given.body.id }], nextCursor: null });
    const events = await resources.sql`
      select body -> 'data' as data from outbox where body ->> 'type' = 'approval.given' order by id`;
    expect(events[0]?.data).toMatchObject({ versionId, assetId, verdict: "approved", by: "reviewer" });
    const notices = await api.as("editor").get("/notices");
    expect(notices.body.items[0]).toMatchObject({ kind: "verdict", text: "Approved", actorName: "manager" });
  });

  test("needs something to watch and a role", async () => {
    const { versionId } = await seed();
    expect(
      (await api.bearing(undefined).post(`/versions/${versionId}/approval`, { verdict: "approved" })).status,
    ).toBe(401);
    expect((await give("viewer", versionId, "approved")).status).toBe(403);
    expect((await give("outsider", versionId, "approved")).status).toBe(404);
    expect((await give("reviewer", versionId, "perhaps")).status).toBe(400);
    expect((await give("reviewer", newId("version"), "approved")).status).toBe(404);
    expect((await api.as("outsider").get(`/versions/${versionId}/approvals`)).status).toBe(404);
    const building = await seed({ state: "building" });
    expect((await give("reviewer", building.versionId, "approved")).status).toBe(409);
  });

  test("sent twice with one key counts once", async () => {
    const { versionId } = await seed();
    const headers = { "idempotency-key": newId("request") };
    const path = `/versions/${versionId}/approval`;
    const first = await api.as("reviewer").post(path, { verdict: "approved" }, headers);
    const again = await api.as("reviewer").post(path, { verdict: "approved" }, headers);
    expect(again.body).toEqual(first.body);
    expect((await resources.sql`select 1 from approvals where version_id = ${versionId}`).length).toBe(1);
  });

  test("given by many at once settles on what they said", async () => {
    const { versionId } = await seed();
    await Promise.all(
      (["manager", "secondManager", "editor", "reviewer"] as const).map((who) =>
        give(who, versionId, who === "editor" ? "changes-requested" : "approved"),
      ),
    );
    expect(await statusOf(versionId)).toBe("changes-requested");
  });
});

describe("a request for review", () => {
  test("waits for everybody who was asked", async () => {
    const { versionId, assetId } = await seed();
    const { reviewer, secondManager } = api.seed.people;
    const dueAt = new Date(Date.now() + 86_400_000).toISOString();
    const personIds = [reviewer.id, secondManager.id];
    const asked = await api
      .as("editor")
      .post(`/versions/${versionId}/review-requests`, { personIds, dueAt, note: "By tomorrow" });
    expect(asked.status).toBe(201);
    expect(asked.body.items).toHaveLength(2);
    expect(asked.body.items[0]).toMatchObject({ assetId, dueAt, note: "By tomorrow", verdict: null });
    const mine = await api.as("reviewer").get("/review-requests");
    expect(mine.body.items).toMatchObject([{ versionId, requestedBy: "editor" }]);
    const notice = (await api.as("reviewer").get("/notices")).body.items[0];
    expect(notice).toMatchObject({ kind: "review-requested", dueAt, text: "By tomorrow" });
    await give("reviewer", versionId, "approved");
    expect(await statusOf(versionId)).toBe("in-review");
    expect((await api.as("reviewer").get("/review-requests")).body.items).toEqual([]);
    expect((await api.as("reviewer").get("/review-requests?open=false")).body.items).toMatchObject([
      { verdict: "approved" },
    ]);
    await give("secondManager", versionId, "approved");
    expect(await statusOf(versionId)).toBe("approved");
    const again = await api.as("editor").post(`/versions/${versionId}/review-requests`, {
      personIds: [api.seed.people.manager.id],
    });
    expect(await statusOf(versionId)).toBe("in-review");
    const request = again.body.items.find(
      (one: { person: { id: string } }) => one.person.id === api.seed.people.manager.id,
    );
    expect((await api.as("outsider").post(`/review-requests/${request.id}/withdraw`)).status).toBe(404);
    expect((await api.as("reviewer").post(`/review-requests/${request.id}/withdraw`)).status).toBe(403);
    const withdrawn = await api.as("editor").post(`/review-requests/${request.id}/withdraw`);
    expect(withdrawn.body.items).toHaveLength(2);
    expect(await statusOf(versionId)).toBe("approved");
  });

  test("goes to members who may approve, from an editor", async () => {
    const { versionId } = await seed();
    const ask = (who: Persona, personId: string) =>
      api.as(who).post(`/versions/${versionId}/review-requests`, { personIds: [personId] });
    const { viewer, outsider, reviewer } = api.seed.people;
    expect((await ask("editor", viewer.id)).status).toBe(400);
    expect((await ask("editor", outsider.id)).status).toBe(400);
    expect((await ask("reviewer", reviewer.id)).status).toBe(403);
    expect((await ask("outsider", outsider.id)).status).toBe(404);
    expect((await api.bearing(undefined).get("/review-requests")).status).toBe(401);
    expect((await api.as("outsider").get(`/versions/${versionId}/review-requests`)).status).toBe(404);
  });
});
