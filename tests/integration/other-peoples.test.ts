import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Resources } from "#core/resources.ts";
import type { Route } from "#functions/route.ts";
import { functions } from "#functions/routes.ts";
import { type Api, type Caller, openApi } from "#tests/support/api.ts";
import { addressOf, example, inputSchema } from "#tests/support/examples.ts";
import { testResources } from "#tests/support/resources.ts";
import { seedVersion } from "#tests/support/versions.ts";
import { seedWorld, type World } from "#tests/support/world.ts";

/**
 * Every route, asked by those it does not concern. The requests are made from `routes.ts`: a new route is in
 * here without being added.
 */
const routes = functions.flatMap((one) => one.routes).filter(({ auth }) => auth !== "none");
/** Routes that name nothing: each answers with what the asker may see. */
const ownOnly = new Set([
  "GET /projects",
  "POST /projects",
  "GET /session",
  "GET /keys",
  "POST /keys",
  "GET /presign",
  "GET /notices",
  "POST /notices/read",
  "GET /review-requests",
  "GET /audit/verify",
]);
/** What crosses projects is refused to who is no admin, whatever it names. */
const adminOnly = (route: Route) => route.path.startsWith("/admin/") || route.path === "/audit/verify";
/** Routes for several at once say for each what became of it. */
const several = new Set(["move", "delete", "restore", "download"].map((deed) => `POST /assets/${deed}`));
const name = (route: Route) => `${route.method} ${route.path}`;

let resources: Resources;
let api: Api;
let world: World;
let callers: Record<string, Caller>;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  world = await seedWorld(resources, api);
  const elsewhere = await seedVersion(resources, { projectId: api.seed.otherProjectId });
  const share = await api.as("outsider").post("/shares", {
    projectId: api.seed.otherProjectId,
    versionIds: [elsewhere.versionId],
    allow: { comment: true, approve: true, download: true, upload: true },
  });
  callers = {
    "a member of another project": api.as("outsider"),
    "an API key of another project": await api.withKey("outsider", ["read", "upload", "comment", "manage"]),
    "a guest of another share": api.bearing(share.body.token),
  };
});
afterAll(() => resources.close());

const ask = (caller: Caller, route: Route) =>
  caller.send(
    route.method,
    addressOf(route, world),
    route.method === "GET" || route.method === "DELETE"
      ? undefined
      : route.body
        ? example(inputSchema(route.body), world)
        : {},
    { "if-match": "*" },
  );

describe("nobody's request", () => {
  test.each(routes.map((route) => [name(route), route] as const))(
    "%s is refused with 401",
    async (_, route) => {
      const answer = await ask(api.bearing(undefined), route);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toStartWith("Bearer");
      expect(((await answer.json()) as { type: string }).type).toEndWith("#unauthenticated");
    },
  );
});

describe("what belongs to someone else reads as absent", () => {
  const foreign = routes.filter((route) => !ownOnly.has(name(route)) && !adminOnly(route));
  for (const who of [
    "a member of another project",
    "an API key of another project",
    "a guest of another share",
  ])
    describe(who, () => {
      test.each(foreign.map((route) => [name(route), route] as const))("%s", async (_, route) => {
        const answer = await ask(callers[who] as Caller, route);
        const text = await answer.text();
        // Keys are their maker's alone: to a key or a guest the whole matter is closed.
        const isClosed = route.path.startsWith("/keys/") && who !== "a member of another project";
        for (const id of [world.projectId, "Here", "clip.mov"]) expect(text).not.toContain(id);
        if (several.has(name(route)) && answer.status === 200) {
          const { items } = JSON.parse(text) as { items: { isDone: boolean; code: string }[] };
          for (const item of items) expect(item).toMatchObject({ isDone: false, code: "not-found" });
        } else
          expect([answer.status, text.slice(0, 300)]).toEqual([isClosed ? 403 : 404, expect.any(String)]);
      });
    });

  test("and is there for its own people", async () => {
    const refused: string[] = [];
    // A manifest is written with the preview, which the seeded version never had.
    const reads = foreign.filter(
      ({ method, path, answer }) =>
        method === "GET" && answer?.type !== "text/event-stream" && !path.includes("/custody/mhl"),
    );
    for (const route of reads) {
      const answer = await ask(api.as("manager"), route);
      if (answer.status !== 200) refused.push(`${name(route)}: ${answer.status} ${await answer.text()}`);
    }
    expect(refused).toEqual([]);
  });
});

describe("an id that cannot exist", () => {
  const named = routes.filter(({ path }) => path.includes(":"));
  test.each(named.map((route) => [name(route), route] as const))("%s answers 404", async (_, route) => {
    for (const id of [
      "x",
      "prj_",
      "..%2f..",
      "%00",
      "ver_00000000000000000000000000",
      "a".repeat(2000),
      "%F0%9F%98%80",
    ]) {
      const path = route.path.replace(/:\w+/g, id);
      const body =
        route.method === "GET" || route.method === "DELETE"
          ? undefined
          : route.body
            ? example(inputSchema(route.body), world)
            : {};
      const answer = await api.as("manager").send(route.method, path, body, { "if-match": "*" });
      expect([id, answer.status]).toEqual([id, id === "%00" ? 400 : 404]);
    }
  });
});
