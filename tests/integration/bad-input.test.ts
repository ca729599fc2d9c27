import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openSession } from "#core/auth/sessions.ts";
import type { Resources } from "#core/resources.ts";
import type { Route } from "#functions/route.ts";
import { functions } from "#functions/routes.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { addressOf, idNamed, inputSchema, type Schema } from "#tests/support/examples.ts";
import { testResources } from "#tests/support/resources.ts";
import { seedWorld, type World } from "#tests/support/world.ts";

let resources: Resources;
let api: Api;
let world: World;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  world = await seedWorld(resources, api);
});
afterAll(() => resources.close());

const routes = functions.flatMap((one) => one.routes);
const runs = Number(process.env.FUZZ_RUNS ?? 25);
/** Printed by fast-check when a run fails; set it to play that run again. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const name = (route: Route) => `${route.method} ${route.path}`;

/** What breaks naive servers: NUL, lone surrogates, right-to-left overrides, ids of other kinds, numbers at the edges. */
const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "\0",
    "a\0b",
    "\ud800",
    "\u202egpj.exe",
    "'; drop table people; --",
    "../../etc/passwd",
    "%00",
    "%2e%2e%2f",
    "__proto__",
    "constructor",
    "1e999",
    "9".repeat(400),
    "👩‍👩‍👧‍👦".repeat(60),
    "2026-02-30T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "+275760-09-13T00:00:00.000Z",
  ),
);
const hostileNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(-1, 0, 0.5, 2 ** 31 - 1, 2 ** 31, 2 ** 53, -(2 ** 63), Number.MAX_VALUE, 5e-324),
);
const anything = fc.oneof(fc.jsonValue({ maxDepth: 3 }), hostileText, hostileNumber, fc.constant(null));

/** Mostly what the schema wants, so that values get past it and into the statements behind. */
function near(schema: Schema, key = ""): fc.Arbitrary<unknown> {
  const known = idNamed(world, key);
  const right = ((): fc.Arbitrary<unknown> => {
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const choice = schema.anyOf ?? schema.oneOf;
    if (choice) return fc.oneof(...choice.map((one) => near(one, key)));
    const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
    if (type === "object" && schema.properties)
      return fc.record(
        Object.fromEntries(Object.entries(schema.properties).map(([one, inner]) => [one, near(inner, one)])),
        { requiredKeys: schema.required ?? [] },
      );
    if (type === "object") return fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue({ maxDepth: 2 }));
    if (type === "array") return fc.array(near(schema.items ?? {}, key), { maxLength: 4 });
    if (type === "boolean") return fc.boolean();
    if (type === "integer") return fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeInteger());
    if (type === "number") return fc.double({ noNaN: true, noDefaultInfinity: true });
    if (type === "null") return fc.constant(null);
    if (schema.format === "date-time")
      return fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31") })
        .map((at) => at.toISOString());
    if (schema.format === "email") return fc.emailAddress();
    if (schema.format === "uri") return fc.webUrl();
    return fc.oneof(hostileText, fc.string({ minLength: 1, maxLength: 20 }));
  })();
  const likely: fc.WeightedArbitrary<unknown>[] = [
    { weight: 8, arbitrary: right },
    { weight: 1, arbitrary: anything },
  ];
  if (known) likely.push({ weight: 30, arbitrary: fc.constant(known) });
  return fc.oneof(...likely);
}

/** Deleting for real would leave nothing to ask about; a stream would not end. */
const isLeft = (route: Route) =>
  route.method === "DELETE" || route.answer?.type === "text/event-stream" || route.path === "/assets/delete";

interface Attempt {
  path: string;
  body: string | undefined;
  headers: Record<string, string>;
}

function attemptsAt(route: Route): fc.Arbitrary<Attempt> {
  const params = [...route.path.matchAll(/:(\w+)/g)].map(([, one = ""]) => one);
  const noun = route.path.split("/")[1] ?? "";
  const param = (one: string) => {
    const known = idNamed(world, one, noun);
    const wild = hostileText.map((text) => encodeURIComponent(text.toWellFormed()));
    return known && !isLeft(route)
      ? fc.oneof({ weight: 6, arbitrary: fc.constant(known) }, { weight: 1, arbitrary: wild })
      : wild;
  };
  const queryOf = (schema: Schema) =>
    fc.record(
      Object.fromEntries(
        Object.entries({ ...schema.properties, unknown: { type: "string" } }).map(([one, inner]) => [
          one,
          near(inner as Schema, one).map((value) =>
            typeof value === "string" ? value : JSON.stringify(value),
          ),
        ]),
      ),
      { requiredKeys: schema.required ?? [] },
    );
  return fc.record({
    path: fc
      .tuple(
        fc.tuple(...params.map(param)),
        route.query ? queryOf(inputSchema(route.query)) : fc.constant({}),
      )
      .map(([values, query]) => {
        let next = 0;
        const path = route.path.replace(/:\w+/g, () => values[next++] ?? "");
        const pairs = Object.entries(query).map(([key, value]) => [key, String(value).toWellFormed()]);
        return `${path}?${new URLSearchParams(pairs)}`;
      }),
    body:
      route.method === "GET"
        ? fc.constant(undefined)
        : route.body
          ? near(inputSchema(route.body)).map((value) => JSON.stringify(value) ?? "null")
          : fc.option(
              anything.map((value) => JSON.stringify(value)),
              { nil: undefined },
            ),
    headers: fc.record(
      {
        "if-match": fc.constantFrom("*", '"1.abc"', "nonsense", '""', '"99999999999.a"'),
        "idempotency-key": fc.string({ minLength: 1, maxLength: 30 }).map((text) => encodeURIComponent(text)),
        "if-none-match": fc.constantFrom("*", '"a"', "W/"),
        traceparent: fc.constantFrom("00-0-0-0", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`),
        "x-request-id": fc.constantFrom("short", "x".repeat(99), "a b c d e f g h"),
        cookie2: fc.constant("x"),
      },
      { requiredKeys: [] },
    ),
  });
}

/** Every answer but a success explains itself, and none says that we broke. */
async function judge(answer: Response, asked: string): Promise<void> {
  expect([asked, answer.status]).toEqual([asked, expect.any(Number)]);
  if (answer.status < 400) return void (await answer.body?.cancel());
  const text = await answer.text();
  if (answer.status >= 500 && answer.status !== 503 && answer.status !== 504)
    throw new Error(`${asked} -> ${answer.status} ${text}`);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const problem = JSON.parse(text) as Record<string, unknown>;
  expect(problem).toMatchObject({
    type: expect.stringContaining("/docs/problems#"),
    title: expect.any(String),
    status: answer.status,
    // A replayed refusal is the first one, and names its request.
    instance: answer.headers.has("idempotent-replay")
      ? expect.any(String)
      : answer.headers.get("x-request-id"),
  });
}

describe("whatever is sent, no route breaks", () => {
  test.each(
    routes.filter(({ path }) => !path.startsWith("/session/")).map((route) => [name(route), route] as const),
  )(
    "%s",
    async (_, route) => {
      await fc.assert(
        fc.asyncProperty(attemptsAt(route), async ({ path, body, headers }) => {
          if (isLeft(route) && route.method === "GET") return;
          const answer = await api.as("manager").send(route.method, path, body, headers);
          await judge(answer, `${route.method} ${path} ${body ?? ""} ${JSON.stringify(headers)}`);
        }),
        { numRuns: runs, seed, endOnFailure: true },
      );
    },
    60_000,
  );
});

describe("a body", () => {
  const posts = routes.filter(({ method, body }) => method === "POST" && body);
  const send = (route: Route, body: string, headers: Record<string, string> = {}) =>
    api.as("manager").send("POST", addressOf(route, world).split("?")[0] ?? "", body, headers);
  const first = () => posts.find(({ path }) => path === "/projects") as Route;

  test.each(posts.map((route) => [name(route), route] as const))(
    "that is no JSON is refused by %s",
    async (_, route) => {
      for (const text of ["{", "{'a':1}", "\u0000", "[", '{"a":1}}', "undefined", "[1,2", '"']) {
        const answer = await send(route, text);
        expect([text, answer.status]).toEqual([text, 400]);
        await judge(answer, name(route));
      }
    },
  );

  test("of another type is refused", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
    ]) {
      const answer = await send(first(), '{"name":"x"}', { "content-type": type });
      expect([type, answer.status]).toEqual([type, 400]);
    }
  });

  test("that is huge or nested without end is refused", async () => {
    expect((await send(first(), JSON.stringify({ name: "x".repeat(2_100_000) }))).status).toBe(413);
    expect((await send(first(), `{"name":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)).status).toBe(400);
  });

  test("with NUL or half a character names the field", async () => {
    for (const text of ["a\0b", "\ud800", "x\udc00y"]) {
      const { status, body } = await api
        .as("manager")
        .post("/projects", { name: "ok", allowedTypes: ["video/mp4", text] });
      expect([status, body.errors[0].pointer]).toEqual([400, "/allowedTypes/1"]);
    }
    const key = await api.as("manager").post("/projects", { name: "ok", "a\0": 1 });
    expect(key.status).toBe(400);
  });

  test("that would reach a prototype changes nothing", async () => {
    await send(
      first(),
      '{"name":"x","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("an address", () => {
  test("with NUL, or broken escapes, is refused", async () => {
    for (const path of ["/projects/%00", "/projects?q=%00", "/projects?q=a%00b"])
      expect([path, (await api.as("manager").get(path)).status]).toEqual([path, 400]);
    for (const path of ["/projects/%", "/projects/%ff", "/projects/%c0%af", "/projects?q=%ff"])
      expect([200, 400, 404]).toContain((await api.as("manager").get(path)).status);
  });

  test("nobody answers to reads as absent, with the reason in the house's form", async () => {
    for (const [method, path] of [
      ["GET", "/nothing"],
      ["POST", "/projects/x/y/z"],
      ["PUT", "/projects"],
      ["DELETE", "/"],
    ] as const)
      await judge(await api.as("manager").send(method, path), path);
  });
});

describe("a credential", () => {
  test("that is malformed is refused", async () => {
    for (const authorization of [
      "Bearer",
      "Bearer ",
      "Basic YTpi",
      "Bearer a b",
      `Bearer ${"x".repeat(9000)}`,
      "rk_x",
    ]) {
      const answer = await api.bearing(undefined).send("GET", "/projects", undefined, { authorization });
      expect([authorization.slice(0, 20), answer.status]).toEqual([authorization.slice(0, 20), 401]);
    }
  });

  test("in a cookie changes nothing unless the page is ours", async () => {
    const cookie = await sessionOf("manager");
    for (const origin of [undefined, "https://evil.example", "null"]) {
      const headers = { cookie, "content-type": "application/json", ...(origin ? { origin } : {}) };
      const answer = await api.bearing(undefined).send("POST", "/projects", { name: "x" }, headers);
      expect([origin, answer.status]).toEqual([origin, 403]);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect((await api.bearing(undefined).send("GET", "/projects", undefined, headers)).status).toBe(200);
    }
  });
});

async function sessionOf(who: "manager"): Promise<string> {
  const { secret } = await openSession(resources, { personId: api.seed.people[who].id }, 60);
  return `__Host-rushes_session=${secret}`;
}
