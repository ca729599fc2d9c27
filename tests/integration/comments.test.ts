import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { aSecondApart } from "#tests/support/apart.ts";
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
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map((one) => one.id);
const eventsAbout = async (commentId: string) =>
  (
    await resources.sql<{ type: string }[]>`
      select body ->> 'type' as type from outbox where topic = 'event' and body -> 'data' ->> 'commentId' = ${commentId} order by id`
  ).map((row) => row.type);

const arrow = {
  shapes: [
    {
      tool: "arrow",
      color: "#ff5500",
      width: 0.004,
      points: [
        [0.1, 0.2],
        [0.5, 0.5],
      ],
    },
  ],
};

describe("a comment", () => {
  test("stays on its frame with its drawing, and is announced", async () => {
    const { reviewer } = api.seed.people;
    const { status, body, headers } = await say(api.as("reviewer"), { endFrame: 50, drawing: arrow });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      versionId: clip.versionId,
      frame: 37,
      endFrame: 50,
      text: "Too dark",
      drawing: arrow,
      author: { kind: "person", id: reviewer.id, name: "reviewer" },
      replyTo: null,
      resolvedAt: null,
      reactions: [],
      attachments: [],
    });
    expect(headers.get("location")).toEndWith(`/comments/${body.id}`);
    expect((await api.as("viewer").get(`/comments/${body.id}`)).body).toEqual(body);
    expect(await eventsAbout(body.id)).toEqual(["comment.created"]);
    const [row] = await resources.sql`select action from audit_log where subject = ${body.id}`;
    expect(row?.action).toBe("comment.created");
  });

  test.each([
    [{ frame: 250 }, "/frame"],
    [{ endFrame: 250 }, "/endFrame"],
    [{ frame: -1 }, "/frame"],
    [{ frame: 1.5 }, "/frame"],
    [{ endFrame: 36 }, "/endFrame"],
    [{ text: "  " }, "/text"],
    [{ text: "a\0b" }, "/text"],
    [{ versionId: "nonsense" }, "/versionId"],
    [{ replyTo: newId("comment") }, "/replyTo"],
    [{ mentions: [newId("person")] }, "/mentions/0"],
    [{ drawing: { shapes: [] } }, "/drawing/shapes"],
  ])("%j is refused and says where", async (input, pointer) => {
    const { status, body } = await say(api.as("reviewer"), input);
    expect(status).toBe(400);
    expect(body.errors[0].pointer).toBe(pointer);
  });

  test("the first and the last frame can be meant, and nothing before the frames are counted", async () => {
    expect((await say(api.as("reviewer"), { frame: 0 })).status).toBe(201);
    expect((await say(api.as("reviewer"), { frame: 249, endFrame: 249 })).status).toBe(201);
    const building = await seedVersion(resources, { projectId: api.seed.projectId, state: "building" });
    const early = { versionId: building.versionId, text: "?" };
    expect((await api.as("reviewer").post("/comments", { ...early, frame: 10 })).status).toBe(409);
    expect((await api.as("reviewer").post("/comments", { ...early, frame: 0 })).status).toBe(201);
  });

  test("needs a role that may comment; someone else's version is not there", async () => {
    expect((await say(api.bearing(undefined))).status).toBe(401);
    expect((await say(api.as("viewer"))).status).toBe(403);
    expect((await say(api.as("outsider"))).status).toBe(404);
    expect((await say(await api.withKey("reviewer", ["read"]))).status).toBe(403);
    const byKey = await say(await api.withKey("reviewer", ["comment"]));
    expect(byKey.body.author).toEqual({ kind: "person", id: api.seed.people.reviewer.id, name: "reviewer" });
    const outsider = api.as("outsider");
    const path = `/comments/${byKey.body.id}`;
    expect((await outsider.get(path)).status).toBe(404);
    expect((await outsider.patch(path, { text: "mine" }, "*")).status).toBe(404);
    expect((await outsider.del(path, "*")).status).toBe(404);
    expect((await outsider.post(`${path}/resolve`)).status).toBe(404);
    expect((await outsider.get(`/comments?versionId=${clip.versionId}`)).status).toBe(404);
  });

  test("sent twice with one key is there once", async () => {
    const headers = { "idempotency-key": newId("request") };
    const input = { versionId: clip.versionId, frame: 5, text: "once" };
    const first = await api.as("reviewer").post("/comments", input, headers);
    const again = await api.as("reviewer").post("/comments", input, headers);
    expect(again.status).toBe(201);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get("idempotent-replay")).toBe("true");
    const other = await api.as("reviewer").post("/comments", { ...input, frame: 6 }, headers);
    expect(other.status).toBe(422);
  });

  test("is changed by its author only, on the state they have seen", async () => {
    const { body } = await say(api.as("reviewer"));
    const path = `/comments/${body.id}`;
    const changed = await api.as("reviewer").patch(path, { text: "Lighter", frame: 40 }, body.etag);
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ text: "Lighter", frame: 40 });
    expect(changed.body.editedAt).not.toBeNull();
    expect((await api.as("reviewer").patch(path, { text: "Late" }, body.etag)).status).toBe(412);
    expect((await api.as("reviewer").send("PATCH", path, { text: "x" })).status).toBe(428);
    expect((await api.as("manager").patch(path, { text: "x" })).status).toBe(403);
    expect((await api.as("reviewer").patch(path, { endFrame: 10 })).status).toBe(400);
    expect((await api.as("reviewer").patch(path, { frame: 250 })).status).toBe(400);
    const cleared = await api.as("reviewer").patch(path, { drawing: arrow });
    expect(
      (await api.as("reviewer").patch(path, { drawing: null }, cleared.body.etag)).body.drawing,
    ).toBeNull();
  });

  test("changed by two at once is changed by one", async () => {
    const { body } = await say(api.as("reviewer"));
    const change = (text: string) => api.as("reviewer").patch(`/comments/${body.id}`, { text }, body.etag);
    const answers = await Promise.all(["a", "b", "c", "d"].map(change));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    const kept = answers.find(({ status }) => status === 200)?.body.text;
    expect((await api.as("viewer").get(`/comments/${body.id}`)).body.text).toBe(kept);
  });

  test("goes with its replies, by its author or a manager", async () => {
    const root = (await say(api.as("reviewer"))).body;
    const reply = (await say(api.as("editor"), { replyTo: root.id })).body;
    expect((await api.as("editor").del(`/comments/${root.id}`)).status).toBe(403);
    expect((await api.as("reviewer").del(`/comments/${root.id}`, '"9.x"')).status).toBe(412);
    expect((await api.as("reviewer").del(`/comments/${root.id}`)).status).toBe(204);
    expect((await api.as("reviewer").get(`/comments/${root.id}`)).status).toBe(404);
    expect((await api.as("reviewer").get(`/comments/${reply.id}`)).status).toBe(404);
    expect(await eventsAbout(root.id)).toEqual(["comment.created", "comment.deleted"]);
    const other = (await say(api.as("reviewer"))).body;
    expect((await api.as("manager").del(`/comments/${other.id}`)).status).toBe(204);
  });

  test("is resolved by its author or an editor, and opened again", async () => {
    const mine = (await say(api.as("reviewer"))).body;
    const path = `/comments/${mine.id}/resolve`;
    const resolved = await api.as("reviewer").post(path);
    expect(resolved.body).toMatchObject({ resolvedBy: "reviewer" });
    expect(resolved.body.resolvedAt).not.toBeNull();
    expect((await api.as("reviewer").post(path)).status).toBe(200);
    expect(await eventsAbout(mine.id)).toEqual(["comment.created", "comment.resolved"]);
    const open = await api.as("editor").post(path, { resolved: false });
    expect(open.body).toMatchObject({ resolvedAt: null, resolvedBy: null });
    const theirs = (await say(api.as("editor"))).body;
    expect((await api.as("reviewer").post(`/comments/${theirs.id}/resolve`)).status).toBe(403);
    const reply = (await say(api.as("reviewer"), { replyTo: theirs.id })).body;
    expect((await api.as("editor").post(`/comments/${reply.id}/resolve`)).status).toBe(409);
  });

  test("takes reactions, each once per person", async () => {
    const path = `/comments/${(await say(api.as("editor"))).body.id}/reactions`;
    await api.as("reviewer").post(path, { emoji: "👍" });
    await api.as("reviewer").post(path, { emoji: "👍" });
    const { body } = await api.as("editor").post(path, { emoji: "👍🏽" });
    expect(body.reactions).toEqual([
      { emoji: "👍", count: 1, names: ["reviewer"], mine: false },
      { emoji: "👍🏽", count: 1, names: ["editor"], mine: true },
    ]);
    const back = await api.as("reviewer").post(path, { emoji: "👍", on: false });
    expect(back.body.reactions.map((one: { emoji: string }) => one.emoji)).toEqual(["👍🏽"]);
    for (const emoji of ["ok", "👍👍", "", "1"])
      expect((await api.as("reviewer").post(path, { emoji })).status).toBe(400);
  });
});

describe("threads and mentions", () => {
  test("a reply to a reply joins the thread", async () => {
    const root = (await say(api.as("reviewer"))).body;
    const reply = (await say(api.as("editor"), { replyTo: root.id })).body;
    expect((await say(api.as("reviewer"), { replyTo: reply.id })).body.replyTo).toBe(root.id);
  });

  test("whoever is mentioned or answered finds a notice, once, and nobody else", async () => {
    const { editor, manager } = api.seed.people;
    await api.as("editor").post("/notices/read");
    const root = (await say(api.as("editor"), { text: "What do you think?" })).body;
    await say(api.as("reviewer"), { replyTo: root.id, text: "Fine by me" });
    await say(api.as("reviewer"), { text: "@editor please", mentions: [editor.id, editor.id] });
    const { body } = await api.as("editor").get("/notices?unread=true");
    expect(body.unread).toBe(2);
    expect(body.items.map((one: { kind: string }) => one.kind)).toEqual(["mention", "reply"]);
    expect(body.items[0]).toMatchObject({
      actorName: "reviewer",
      text: "@editor please",
      assetName: "clip.mov",
    });
    expect((await api.as("manager").get("/notices")).body.items).toEqual([]);
    expect((await api.as("manager").post("/notices/read", { ids: [body.items[0].id] })).body.unread).toBe(0);
    const left = await api.as("editor").post("/notices/read", { ids: [body.items[0].id] });
    expect(left.body.unread).toBe(1);
    expect(manager.id).not.toBe(editor.id);
    expect((await api.bearing(undefined).get("/notices")).status).toBe(401);
  });
});

describe("the list", () => {
  let own: SeededVersion;
  const made: { id: string; frame: number }[] = [];
  const list = (query = "", who: Caller = api.as("viewer")) =>
    who.get(`/comments?versionId=${own.versionId}${query}`);
  beforeAll(async () => {
    own = await seedVersion(resources, { projectId: api.seed.projectId });
    const on = { versionId: own.versionId };
    for (const [index, frame] of [40, 10, 10, 200, 0, 120, 10].entries()) {
      const who = index % 2 ? "editor" : "reviewer";
      made.push((await say(api.as(who), { ...on, frame, text: `Number ${index} 100%` })).body);
    }
    await aSecondApart(
      resources.sql,
      "comments",
      made.map(({ id }) => id),
    );
    await api.as("editor").post(`/comments/${made[0]?.id}/resolve`);
    await say(api.as("editor"), { ...on, replyTo: made[0]?.id, frame: 40, text: "done" });
    await say(api.as("reviewer"), { ...on, frame: 249, mentions: [api.seed.people.viewer.id] });
  });

  test("goes by frame, page by page, without a gap", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer = await list(`&limit=2${cursor ? `&cursor=${cursor}` : ""}`);
      expect(answer.body.items.length).toBeLessThanOrEqual(2);
      seen.push(...ids(answer));
      cursor = answer.body.nextCursor;
    } while (cursor);
    const whole = await list("&limit=200");
    expect(seen).toEqual(ids(whole));
    expect(whole.body.items.map((one: { frame: number }) => one.frame)).toEqual([
      0, 10, 10, 10, 40, 40, 120, 200, 249,
    ]);
  });

  test("goes by time both ways", async () => {
    const up = ids(await list("&sort=createdAt&limit=200"));
    const down = ids(await list("&sort=-createdAt&limit=4"));
    expect(up.slice(0, 7)).toEqual(made.map((one) => one.id));
    expect(down).toEqual([...up].reverse().slice(0, 4));
  });

  test("is narrowed to open, resolved, mine, mentioned, author and text", async () => {
    expect((await list("&state=open")).body.items).toHaveLength(7);
    const resolved = (await list("&state=resolved")).body.items as { text: string }[];
    expect(resolved.map((one) => one.text)).toEqual(["Number 0 100%", "done"]);
    expect((await list("&mine=true", api.as("editor"))).body.items).toHaveLength(4);
    expect((await list("&mentioned=true")).body.items).toHaveLength(1);
    expect((await list("&mentioned=true", api.as("editor"))).body.items).toHaveLength(0);
    expect((await list(`&author=${api.seed.people.reviewer.id}`)).body.items).toHaveLength(5);
    expect((await list("&author=EDI")).body.items).toHaveLength(4);
    expect(ids(await list("&q=number 3"))).toEqual([made[3]?.id ?? ""]);
    expect((await list("&q=100%25")).body.items).toHaveLength(7);
    expect((await list("&q=1%25 0")).body.items).toHaveLength(0);
  });

  test("refuses what it does not know, and a cursor of another list", async () => {
    const { nextCursor } = (await list("&limit=1")).body;
    for (const query of [
      "&sort=nonsense",
      "&limit=201",
      "&limit=0",
      "&cursor=x",
      `&sort=createdAt&cursor=${nextCursor}`,
    ])
      expect((await list(query)).status).toBe(400);
    expect((await api.as("viewer").get("/comments")).status).toBe(400);
    expect((await api.bearing(undefined).get(`/comments?versionId=${own.versionId}`)).status).toBe(401);
    expect((await api.as("viewer").get(`/comments?versionId=${newId("version")}`)).status).toBe(404);
  });
});

describe("carrying forward", () => {
  test("copies open threads to the same timecode, once", async () => {
    const first = await seedVersion(resources, { projectId: api.seed.projectId });
    const second = await seedVersion(resources, {
      projectId: api.seed.projectId,
      assetId: first.assetId,
      media: { startTimecode: "00:59:59:00", frames: 200 },
    });
    const on = { versionId: first.versionId };
    const open = (await say(api.as("reviewer"), { ...on, frame: 30, endFrame: 240, drawing: arrow })).body;
    const reply = (await say(api.as("editor"), { ...on, frame: 30, replyTo: open.id })).body;
    const done = (await say(api.as("reviewer"), { ...on, frame: 3 })).body;
    await api.as("editor").post(`/comments/${done.id}/resolve`);
    const input = { fromVersionId: first.versionId, toVersionId: second.versionId };
    const carried = await api.as("editor").post("/comments/carry", input);
    expect(carried.status).toBe(201);
    expect(carried.body.items).toHaveLength(2);
    const [root, answer] = carried.body.items;
    expect(root).toMatchObject({ carriedFrom: open.id, frame: 55, endFrame: 199, drawing: arrow });
    expect(root.author).toEqual(open.author);
    expect(answer).toMatchObject({ carriedFrom: reply.id, replyTo: root.id });
    expect((await api.as("editor").post("/comments/carry", input)).body.items).toEqual([]);
    const late = (await say(api.as("reviewer"), { ...on, frame: 31, replyTo: open.id })).body;
    const more = await api.as("editor").post("/comments/carry", input);
    expect(more.body.items).toMatchObject([{ carriedFrom: late.id, replyTo: root.id }]);
    expect((await api.as("reviewer").post("/comments/carry", input)).status).toBe(403);
    expect((await api.as("outsider").post("/comments/carry", input)).status).toBe(404);
    const back = { fromVersionId: first.versionId, toVersionId: clip.versionId };
    expect((await api.as("editor").post("/comments/carry", back)).status).toBe(400);
  });

  test("takes a whole review of thousands along", async () => {
    const first = await seedVersion(resources, { projectId: api.seed.projectId });
    const second = await seedVersion(resources, { projectId: api.seed.projectId, assetId: first.assetId });
    await resources.sql`
      insert into comments (id, project_id, version_id, frame, text, author_person_id, author_name)
      select 'cmt_' || lpad(i::text, 26, '0'), ${api.seed.projectId}, ${first.versionId}, i % 250, 'Number ' || i,
        ${api.seed.people.editor.id}, 'editor' from generate_series(1, 3000) i`;
    const input = { fromVersionId: first.versionId, toVersionId: second.versionId };
    const carried = await api.as("editor").post("/comments/carry", input);
    expect(carried.body.items).toHaveLength(3000);
    const [count] = await resources.sql<{ n: number }[]>`
      select count(*)::int as n from outbox where body -> 'data' ->> 'versionId' = ${second.versionId}`;
    expect(count?.n).toBe(3000);
  });
});
