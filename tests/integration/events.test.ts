import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventsApp } from "#api/events/events.ts";
import { publishLive } from "#core/events/live.ts";
import { type EventType, emit } from "#core/outbox.ts";
import { relayEvents, relayNotices } from "#core/queue/relay.ts";
import type { Resources } from "#core/resources.ts";
import { type Api, type Caller, openApi } from "#tests/support/api.ts";
import { eventually } from "#tests/support/eventually.ts";
import { seedSession } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import { EventReader } from "#tests/support/stream.ts";
import { seedVersion } from "#tests/support/versions.ts";
import { forgetExpired } from "#triggers/forget-expired/forget-expired.ts";
import type { TriggerDeps } from "#triggers/trigger.ts";

let resources: Resources;
let api: Api;
let projectId: string;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  projectId = api.seed.projectId;
});
const open = new Set<EventReader>();
afterEach(async () => {
  for (const reader of open) await reader.close();
  open.clear();
});
afterAll(() => resources.close());

const relay = () => relayEvents({ sql: resources.sql, redis: resources.redis });
async function happen(type: EventType, data: Record<string, unknown>, project = projectId) {
  await emit(resources.sql, { projectId: project, type, data });
  await relay();
}
/** Resolves when the stream stands: its first presence was told, or for a guest without one, after a moment. */
async function follow(
  who: Caller,
  query = "",
  headers: Record<string, string> = {},
  path = `/events?projectId=${projectId}`,
) {
  const answer = await who.send("GET", `${path}${query}`, undefined, headers);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
  const reader = new EventReader(answer);
  open.add(reader);
  return reader;
}
const standing = (reader: EventReader) =>
  eventually(() => expect(reader.ofType("presence").length).toBeGreaterThan(0));
const numbers = (reader: EventReader, type = "comment.created") =>
  reader.ofType(type).map(({ data }) => data.n as number);

describe("an event stream", () => {
  test("tells what happens, in order, with ids", async () => {
    const reader = await follow(api.as("viewer"));
    await standing(reader);
    for (let n = 0; n < 5; n++) await happen("comment.created", { n });
    await eventually(() => expect(numbers(reader)).toEqual([0, 1, 2, 3, 4]));
    const ids = reader.ofType("comment.created").map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  test("goes on after the last event that was seen", async () => {
    const first = await follow(api.as("viewer"));
    await standing(first);
    await happen("comment.created", { n: 10 });
    await eventually(() => expect(numbers(first)).toEqual([10]));
    const seen = first.ofType("comment.created")[0]?.id ?? "";
    await first.close();
    for (let n = 11; n < 14; n++) await happen("comment.created", { n });
    const again = await follow(api.as("viewer"), "", { "last-event-id": seen });
    await eventually(() => expect(numbers(again)).toEqual([11, 12, 13]));
    const byQuery = await follow(api.as("viewer"), `&after=${seen}`);
    await eventually(() => expect(numbers(byQuery)).toEqual([11, 12, 13]));
  });

  test("goes on where it began when it broke before the first event", async () => {
    const first = await follow(api.as("viewer"));
    await standing(first);
    await first.close();
    await happen("comment.created", { n: 20 });
    const again = await follow(api.as("viewer"), "", { "last-event-id": first.lastId ?? "" });
    await eventually(() => expect(numbers(again)).toEqual([20]));
  });

  test("says that what was missed is gone, and goes on from now", async () => {
    const old = await follow(api.as("viewer"));
    await standing(old);
    await happen("comment.created", { n: 30 });
    await eventually(() => expect(numbers(old)).toEqual([30]));
    const seen = old.lastId ?? "";
    await happen("comment.created", { n: 31 });
    const { sql } = resources;
    await sql`update event_log set at = now() - interval '91 days'`;
    await forgetExpired(resources as TriggerDeps)(new AbortController().signal);
    expect(await sql`select 1 from event_log`).toHaveLength(0);
    const log = (after: number) => api.as("viewer").get(`/events/log?projectId=${projectId}&after=${after}`);
    expect((await log(Number(seen))).status).toBe(410);
    expect((await log(Number(seen) + 1)).body).toMatchObject({ items: [], lastSeq: Number(seen) + 1 });
    const future = String(Number(seen) + 1_000);
    for (const lost of [seen, future]) {
      const reader = await follow(api.as("viewer"), "", { "last-event-id": lost });
      await standing(reader);
      expect(reader.seen[0]).toMatchObject({ type: "reset" });
      expect(reader.lastId).toBe(String(Number(seen) + 1));
      open.delete(reader);
      await reader.close();
    }
    const next = await follow(api.as("viewer"), "", { "last-event-id": String(Number(seen) + 1) });
    await happen("comment.created", { n: 32 });
    await eventually(() => expect(numbers(next)).toEqual([32]));
    expect(next.ofType("reset")).toEqual([]);
    expect(next.lastId).toBe(String(Number(seen) + 2));
  });

  test("begins with what happened since a page was made", async () => {
    await happen("comment.created", { n: 40 });
    await Bun.sleep(5);
    const since = new Date().toISOString();
    await happen("comment.created", { n: 41 });
    const reader = await follow(api.as("viewer"), `&since=${since}`);
    await eventually(() => expect(numbers(reader)).toEqual([41]));
    const refused = await api.as("viewer").get(`/events?projectId=${projectId}&since=yesterday`);
    expect(refused.status).toBe(400);
  });

  test("misses nothing that is stored while it opens", async () => {
    const writing = (async () => {
      for (let n = 100; n < 130; n++) await happen("comment.created", { n });
    })();
    const after = (await resources.sql`select coalesce(max(seq), 0)::int as seq from event_log`)[0]?.seq;
    const readers = await Promise.all(
      Array.from({ length: 5 }, () => follow(api.as("viewer"), `&after=${after}`)),
    );
    await writing;
    for (const reader of readers)
      await eventually(() => {
        const got = numbers(reader);
        expect(got.at(-1)).toBe(129);
        expect(got).toEqual(Array.from({ length: got.length }, (_, i) => 130 - got.length + i));
      });
  });

  test("does not depend on the order of announcements", async () => {
    const reader = await follow(api.as("viewer"));
    await standing(reader);
    await emit(resources.sql, { projectId, type: "comment.created", data: { n: 200 } });
    await emit(resources.sql, { projectId, type: "comment.created", data: { n: 201 } });
    await publishLive(resources.redis, projectId, {
      type: "comment.created",
      data: { n: -1 },
      seq: 1e9,
    } as never);
    await relay();
    await eventually(() => expect(numbers(reader)).toEqual([200, 201]));
  });

  test("carries what is not stored, without an id", async () => {
    const reader = await follow(api.as("viewer"));
    await standing(reader);
    await publishLive(resources.redis, projectId, { type: "preview.progress", data: { progress: 0.5 } });
    await eventually(() =>
      expect(reader.ofType("preview.progress")).toEqual([
        { id: undefined, type: "preview.progress", data: { progress: 0.5 } },
      ]),
    );
  });

  test("is not for others, and hears nothing of other projects", async () => {
    expect((await api.as("outsider").get(`/events?projectId=${projectId}`)).status).toBe(404);
    expect((await api.bearing(undefined).get(`/events?projectId=${projectId}`)).status).toBe(401);
    expect((await api.as("viewer").get("/events?projectId=x")).status).toBe(400);
    const reader = await follow(api.as("viewer"));
    await standing(reader);
    await happen("comment.created", { n: -1 }, api.seed.otherProjectId);
    await happen("comment.created", { n: 300 });
    await eventually(() => expect(numbers(reader)).toEqual([300]));
  });

  test("ends when the member is taken out", async () => {
    const { body } = await api.as("manager").post("/projects", { name: "Short" });
    const path = `/projects/${body.id}/members`;
    await api.as("manager").post(path, { email: api.seed.people.viewer.email, role: "viewer" });
    const answer = await api.as("viewer").send("GET", `/events?projectId=${body.id}`);
    const reader = new EventReader(answer);
    await standing(reader);
    await api.as("manager").del(`${path}/${api.seed.people.viewer.id}`, "*");
    await eventually(() => expect(reader.ended).toBe(true));
  });

  test("that its reader leaves is no fault, and ends in silence", async () => {
    const said: unknown[] = [];
    const log = { ...resources.log, warn: (fields: unknown) => said.push(fields) };
    const app = eventsApp(Object.assign(Object.create(resources) as Resources, { log }));
    const headers = { cookie: await seedSession(resources, api.seed.people.viewer.id) };
    const url = `${resources.config.PUBLIC_API_BASE}/events?projectId=${projectId}`;
    const reader = new EventReader(await app.fetch(new Request(url, { headers })));
    await standing(reader);
    await reader.close();
    await happen("comment.created", { n: 500 });
    await pause(200);
    expect(said).toEqual([]);
  });

  test("ends as soon as its API key is revoked", async () => {
    const made = await api.as("viewer").post("/keys", { name: "Stream", scopes: ["read"] });
    const reader = await follow(api.bearing(made.body.secret));
    await standing(reader);
    await api.as("viewer").del(`/keys/${made.body.id}`, "*");
    await eventually(() => expect(reader.ended).toBe(true), { withinMs: 3_000 });
  });

  test("ends as soon as its session is signed out, and no other of the same person", async () => {
    const origin = new URL(resources.config.PUBLIC_SITE_BASE).origin;
    const [here, there] = await Promise.all(
      [1, 2].map(() => seedSession(resources, api.seed.people.viewer.id)),
    );
    const streams = await Promise.all(
      [here, there].map((cookie = "") => follow(api.bearing(undefined), "", { cookie })),
    );
    await Promise.all(streams.map(standing));
    await api.bearing(undefined).send("POST", "/session/logout", undefined, { cookie: here ?? "", origin });
    await eventually(() => expect(streams[0]?.ended).toBe(true), { withinMs: 3_000 });
    await happen("comment.created", { n: 400 });
    await eventually(() => expect(numbers(streams[1] as EventReader)).toEqual([400]));
  });
});

describe("a notice", () => {
  test("reaches its person at once, in every stream of theirs, and nobody else", async () => {
    const { versionId } = await seedVersion(resources, { projectId });
    const readers = {
      inProject: await follow(api.as("viewer")),
      alone: await follow(api.as("viewer"), "", {}, "/events?"),
      other: await follow(api.as("manager")),
    };
    for (const reader of Object.values(readers)) await standing(reader);
    const mentions = [api.seed.people.viewer.id];
    await api.as("editor").post("/comments", { versionId, frame: 1, text: "Look", mentions });
    await relayNotices(resources);
    await eventually(() => expect(readers.alone.ofType("notice")).toHaveLength(1));
    expect(readers.inProject.ofType("notice")).toHaveLength(1);
    expect(readers.other.ofType("notice")).toEqual([]);
    await happen("comment.created", { n: 99 });
    await eventually(() => expect(numbers(readers.inProject)).toContain(99));
    expect(readers.alone.ofType("comment.created")).toEqual([]);
  });
});

describe("presence", () => {
  test("says who is here, each once, and who left", async () => {
    const { versionId } = await seedVersion(resources, { projectId });
    const names = (reader: EventReader) =>
      reader
        .ofType("presence")
        .at(-1)
        ?.data.people.map((one: { name: string }) => one.name);
    const first = await follow(api.as("viewer"), `&versionId=${versionId}`);
    await eventually(() => expect(names(first)).toEqual(["viewer"]));
    const second = await follow(api.as("editor"), `&versionId=${versionId}`);
    const third = await follow(api.as("editor"), `&versionId=${versionId}`);
    await follow(api.as("manager"));
    await eventually(() => expect(names(first)).toEqual(["editor", "viewer"]));
    expect(first.ofType("presence").at(-1)?.data.versionId).toBe(versionId);
    await second.close();
    await third.close();
    await eventually(() => expect(names(first)).toEqual(["viewer"]));
  });
});

describe("a guest's stream", () => {
  test("hears of the shared versions only, and ends with the share", async () => {
    const shown = await seedVersion(resources, { projectId });
    const hidden = await seedVersion(resources, { projectId });
    const share = await api
      .as("manager")
      .post("/shares", { projectId, versionIds: [shown.versionId], allow: { comment: true } });
    const guest = api.bearing(share.body.token);
    expect((await guest.get(`/events?projectId=${projectId}&versionId=${hidden.versionId}`)).status).toBe(
      404,
    );
    expect((await guest.get(`/events?projectId=${api.seed.otherProjectId}`)).status).toBe(404);
    const reader = await follow(guest, `&versionId=${shown.versionId}`);
    await standing(reader);
    await happen("comment.created", { versionId: hidden.versionId, n: -1 });
    await happen("upload.received", { versionId: shown.versionId, n: -1 });
    await happen("comment.created", { n: -1 });
    await happen("comment.created", { versionId: shown.versionId, n: 1 });
    await eventually(() => expect(numbers(reader)).toEqual([1]));
    expect(reader.ofType("upload.received")).toEqual([]);
    await api.as("manager").del(`/shares/${share.body.id}`);
    await publishLive(resources.redis, projectId, { type: "members.changed", data: {} });
    await eventually(() => expect(reader.ended).toBe(true));
  });
});

describe("leading a shared session", () => {
  test("reaches whoever follows, and is for those who may see the version", async () => {
    const { versionId } = await seedVersion(resources, { projectId });
    const reader = await follow(api.as("viewer"), `&versionId=${versionId}`);
    await standing(reader);
    const state = { frame: 37, playing: false };
    expect((await api.as("editor").post("/events/lead", { versionId, state })).status).toBe(204);
    await eventually(() =>
      expect(reader.ofType("follow.state")[0]?.data).toMatchObject({
        versionId,
        state,
        leader: { kind: "person", name: "editor" },
      }),
    );
    expect((await api.as("outsider").post("/events/lead", { versionId, state })).status).toBe(404);
    const huge = { drawing: "x".repeat(20_000) };
    expect((await api.as("editor").post("/events/lead", { versionId, state: huge })).status).toBe(400);
  });
});
