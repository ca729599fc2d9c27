import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hintOf } from "#core/queue/hint.ts";
import { openQueue } from "#core/queue/open-queue.ts";
import type { Resources } from "#core/resources.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";

let resources: Resources;
let api: Api;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
});
afterAll(() => resources.close());

describe("the queues", () => {
  test("show what they hold, and dead letters are sent again", async () => {
    const queue = openQueue(resources.config, "edge:purge");
    try {
      await queue.enqueue([{ key: "ver_1", body: hintOf("ver_1") }]);
      const [delivery] = await queue.receive({ max: 1, waitMs: 1000 });
      await delivery?.bury("it can never work");
      const dead = await api.as("admin").get("/admin/queues/dead?queue=edge:purge");
      expect(dead.body.items).toEqual([
        expect.objectContaining({ queue: "edge:purge", id: "ver_1", reason: "it can never work" }),
      ]);
      const { body } = await api.as("admin").get("/admin/queues");
      expect(body.items.find((one: { queue: string }) => one.queue === "edge:purge")).toMatchObject({
        dead: 1,
        ready: 0,
      });
      const input = { queue: "edge:purge", deadIds: [dead.body.items[0].deadId] };
      expect((await api.as("admin").post("/admin/queues/redrive", input)).body).toEqual({ moved: 1 });
      const [again] = await queue.receive({ max: 1, waitMs: 1000 });
      expect(again?.body.id).toBe("ver_1");
      await again?.ack();
      const [row] = await resources.sql`select detail from audit_log where action = 'queue.redriven'`;
      expect(row?.detail.moved).toBe(1);
    } finally {
      await queue.close();
    }
  });

  test("are there for admins only", async () => {
    const manageKey = await api.withKey("admin", ["manage"]);
    for (const caller of [api.as("manager"), api.as("outsider"), manageKey])
      for (const path of ["/admin/queues", "/admin/queues/dead", "/admin/board/", "/admin/board/api/queues"])
        expect([path, (await caller.get(path)).status]).toEqual([path, 404]);
    expect((await api.bearing(undefined).get("/admin/board/")).status).toBe(401);
    expect((await (await api.withKey("admin", ["admin"])).get("/admin/queues")).status).toBe(200);
  });
});

describe("the board", () => {
  test("is a page with its own files, and knows the clock", async () => {
    const page = await api.as("admin").get("/admin/board/");
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("text/html"),
    ]);
    const [, file] = /src="(static\/[^"]+\.js)"/.exec(page.text) ?? [];
    const script = await api.as("admin").get(`/admin/board/${file}`);
    expect([script.status, script.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("javascript"),
    ]);
    const queues = await api.as("admin").get("/admin/board/api/queues");
    expect(queues.body.queues.map((one: { name: string }) => one.name)).toContain("rushes-clock");
    for (const path of [
      "/admin/board/static/..%2f..%2f..%2fpackage.json",
      "/admin/board/static/%2e%2e/index.ejs",
    ])
      expect((await api.as("admin").get(path)).text).not.toContain('"dependencies"');
  });
});
