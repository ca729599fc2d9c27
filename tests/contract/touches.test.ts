import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { openResources, type Resources } from "#core/resources.ts";
import { builtFunctions } from "#functions/apps.ts";
import type { ApiFunction, Route } from "#functions/route.ts";
import { baseTouches, functions, triggers } from "#functions/routes.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { addressOf, example, inputSchema } from "#tests/support/examples.ts";
import { seedKey } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import { stackAdmin } from "#tests/support/stack.ts";
import { seedWorld, type World } from "#tests/support/world.ts";

/**
 * Each function gets a database role with the grants that its data asks for, as `stacks/` makes it, and every
 * route is called under it. A table that a function uses and does not name fails here.
 */
let resources: Resources;
let admin: postgres.Sql;
let api: Api;
let world: World;
let key: string;
let adminKey: string;
const roles: string[] = [];
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  key = await seedKey(resources, api.seed.people.manager.id, ["read", "upload", "comment", "manage"]);
  adminKey = await seedKey(resources, api.seed.people.admin.id, ["admin"]);
  const url = new URL(stackAdmin().POSTGRES_ADMIN_URL);
  url.pathname = new URL(resources.config.POSTGRES_URL).pathname;
  admin = postgres(url.href, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  for (const role of roles) await admin.unsafe(`drop owned by ${role}; drop role ${role}`);
  await admin.end();
  await resources.close();
});

async function roleFor(fn: ApiFunction): Promise<string> {
  const role = `fn_${fn.name}_${Math.random().toString(36).slice(2, 8)}`;
  await admin.unsafe(`create role ${role} login password '${role}'; grant usage on schema public to ${role}`);
  roles.push(role);
  for (const [table, access] of [...Object.entries(baseTouches.tables), ...Object.entries(fn.touches.tables)])
    await admin.unsafe(
      `grant ${access === "write" ? "select, insert, update, delete" : "select"} on ${table} to ${role}`,
    );
  return role;
}

test("whoever changes versions may also write what the schema writes along with them", () => {
  for (const { name, touches } of [...functions, ...triggers])
    if (touches.tables.versions === "write")
      expect([name, touches.tables]).toEqual([
        name,
        expect.objectContaining({ edge_generations: "write", outbox: "write" }),
      ]);
});

const order = ["GET", "POST", "PATCH", "DELETE"];

describe("a function reaches no table that it does not name", () => {
  const shown = builtFunctions.filter(([fn]) => fn.name !== "health");
  test.each(shown.map(([fn, build]) => [fn.name, fn, build] as const))("%s", async (_, fn, build) => {
    // Anew for each: another function's deletions would end every request at 404.
    world = await seedWorld(resources, api);
    const role = await roleFor(fn);
    const url = new URL(resources.config.POSTGRES_URL);
    url.username = role;
    url.password = role;
    const narrow = openResources({ ...resources.config, POSTGRES_URL: url.href });
    const denied = new Set<string>();
    const listen = (fields: { err?: unknown }) => {
      for (let error = fields.err; error instanceof Error; error = error.cause)
        if (/permission denied/.test(error.message)) denied.add(error.message);
    };
    const log = { ...quiet, error: listen, warn: listen } as unknown as Resources["log"];
    const app = build(Object.assign(Object.create(narrow) as Resources, { log }));
    const ask = async (route: Route, bearer: string) => {
      const body =
        route.method === "GET" || route.method === "DELETE"
          ? undefined
          : example(route.body ? inputSchema(route.body) : {}, world);
      const answer = await app.fetch(
        new Request(`${resources.config.PUBLIC_API_BASE}${addressOf(route, world)}`, {
          method: route.method,
          headers: {
            authorization: `Bearer ${bearer}`,
            "if-match": "*",
            "idempotency-key": `${route.method}${route.path}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );
      await answer.body?.cancel();
    };
    try {
      const routes = [...fn.routes].sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method));
      for (const route of routes) {
        await ask(route, key);
        if (/^\/(admin|audit)/.test(route.path)) await ask(route, adminKey);
      }
    } finally {
      await narrow.close();
    }
    expect([...denied]).toEqual([]);
  });
});

const quiet = { info: () => {}, debug: () => {}, fatal: () => {}, trace: () => {} };
