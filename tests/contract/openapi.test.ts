import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Resources } from "#core/resources.ts";
import { openApiFiles } from "#dev/openapi.ts";
import { builtFunctions } from "#functions/apps.ts";
import type { Route } from "#functions/route.ts";
import { functions, triggers } from "#functions/routes.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { addressOf, example, inputSchema } from "#tests/support/examples.ts";
import { testResources } from "#tests/support/resources.ts";
import { seedWorld, type World } from "#tests/support/world.ts";

const root = join(import.meta.dir, "../..");
const name = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
const all = functions.flatMap((fn) => fn.routes.map((route) => ({ fn: fn.name, route })));

let resources: Resources;
beforeAll(async () => {
  resources = await testResources();
});
afterAll(() => resources.close());

describe("the routes as data", () => {
  test.each(functions.map((fn) => [fn.name, fn] as const))("are exactly those the app of %s has", (_, fn) => {
    const entry = builtFunctions.find(([data]) => data.name === fn.name);
    expect(entry).toBeDefined();
    const served = (entry?.[1](resources).routes ?? [])
      .filter(
        ({ method, path }) => method !== "ALL" && !fn.mounts?.some((one) => path.startsWith(`/api${one}`)),
      )
      .map(({ method, path }) => `${method} ${path.replace(/^\/api/, "")}`);
    expect([...new Set(served)].sort()).toEqual(fn.routes.map(name).sort());
  });

  test("name every address once", () => {
    const names = all.map(({ route }) => name(route).replace(/:\w+/g, ":"));
    expect(names.filter((one, at) => names.indexOf(one) !== at)).toEqual([]);
  });

  test.each(functions.map((fn) => fn.name))("have a cloud entry: %s", (fn) => {
    expect(existsSync(join(root, "functions/api", fn, "lambda.ts"))).toBe(true);
  });

  test.each(triggers.map((trigger) => trigger.name))("have a cloud entry for the trigger %s", (trigger) => {
    expect(existsSync(join(root, "functions/triggers", trigger, "lambda.ts"))).toBe(true);
  });

  test("take Idempotency-Key wherever something is created or started", () => {
    const lacking = all.filter(
      ({ route }) =>
        route.method === "POST" && [201, 202].includes(route.answer?.status ?? 200) && !route.idempotent,
    );
    expect(lacking.map(({ route }) => name(route))).toEqual([]);
  });

  test("need If-Match for every change of a resource that can be read with its tag", () => {
    const lacking = all.filter(({ route }) => ["PATCH", "DELETE"].includes(route.method) && !route.ifMatch);
    expect(lacking.map(({ route }) => name(route))).toEqual([]);
  });

  test("touch tables that exist", async () => {
    const rows = await resources.sql<{ name: string }[]>`
      select table_name as name from information_schema.tables where table_schema = 'public'`;
    const known = new Set(rows.map((row) => row.name));
    const unknown = [...functions, ...triggers].flatMap((fn) =>
      Object.keys(fn.touches.tables).filter((table) => !known.has(table)),
    );
    expect(unknown).toEqual([]);
  });
});

describe("the OpenAPI document", () => {
  test("and the site's types are as make openapi writes them", async () => {
    for (const [path, text] of Object.entries(await openApiFiles()))
      if ((await Bun.file(join(root, path)).text()) !== text)
        throw new Error(`${path} is behind functions/routes.ts: run make openapi`);
  });

  test("is served, with every route in it", async () => {
    const api = await openApi(resources);
    const { body } = await api.bearing(undefined).get("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    expect(body.servers).toEqual([{ url: resources.config.PUBLIC_API_BASE }]);
    const paths = body.paths as Record<string, Record<string, unknown>>;
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const wanted = all.map(({ route }) => name(route).replace(/:(\w+)/g, "{$1}"));
    expect(documented.sort()).toEqual(wanted.sort());
  });
});

describe("answers have the documented shape, and not a field more", () => {
  let api: Api;
  let world: World;
  beforeAll(async () => {
    api = await openApi(resources);
    world = await seedWorld(resources, api);
  });

  /** Deleting and signing out would leave nothing to ask, or nobody who asks. */
  const shaped = all.filter(
    ({ route }) => route.answer?.schema && route.method !== "DELETE" && route.path !== "/session/logout",
  );
  const unreached: string[] = [];
  /** Reads before changes: a change may end what another route reads. */
  const inOrder = [...shaped].sort(
    (a, b) => Number(a.route.method !== "GET") - Number(b.route.method !== "GET"),
  );
  const ask = (route: Route) => {
    const body =
      route.method === "GET" ? undefined : route.body ? example(inputSchema(route.body), world) : {};
    return api
      .as(needsAdmin(route) ? "admin" : "manager")
      .send(route.method, addressOf(route, world), body, { "if-match": "*" });
  };
  const needsAdmin = ({ path }: Route) => path.startsWith("/audit") || path.startsWith("/admin");

  test.each(inOrder.map(({ route }) => [name(route), route] as const))("%s", async (_, route) => {
    const answer = await ask(route);
    const text = await answer.text();
    if (answer.status >= 400) {
      // What the example cannot reach is covered where the function is tested; a defect never passes.
      expect([answer.status < 500, text]).toEqual([true, text]);
      unreached.push(name(route));
      return;
    }
    expect(answer.status).toBe(route.answer?.status ?? 200);
    if (!/json/.test(answer.headers.get("content-type") ?? "")) return;
    const body: unknown = JSON.parse(text);
    expect(route.answer?.schema?.parse(body)).toEqual(body);
  });

  test("and the documented media type", async () => {
    const files = all.flatMap(({ route }) => {
      const type = route.answer?.type;
      return route.method === "GET" && type && type !== "text/event-stream" ? [{ route, type }] : [];
    });
    for (const { route, type } of files) {
      const answer = await ask(route);
      await answer.body?.cancel();
      const given = answer.headers.get("content-type")?.split(";")[0];
      if (answer.status === 200 && type !== "*/*") expect([name(route), given]).toEqual([name(route), type]);
    }
  });

  test("and of the reads hardly any was out of reach", () => {
    expect(unreached.filter((one) => one.startsWith("GET")).length).toBeLessThan(5);
    expect(unreached.length).toBeLessThan(inOrder.length / 3);
  });
});
