import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Role, roles } from "#core/auth/actor.ts";
import type { Resources } from "#core/resources.ts";
import type { Route } from "#functions/route.ts";
import { functions } from "#functions/routes.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { addressOf, example, inputSchema } from "#tests/support/examples.ts";
import { testResources } from "#tests/support/resources.ts";
import { seedWorld, type World } from "#tests/support/world.ts";

/**
 * Who may do what inside a project, written out by hand: the table of the product, one line per route. The comment,
 * its attachment and the upload in the world are the manager's own, so here others may not change them.
 */
const least: Record<string, Role> = {
  ...every("viewer", [
    "GET /projects/:projectId",
    "GET /projects/:projectId/members",
    "GET /projects/:projectId/members/:personId",
    "GET /projects/:projectId/folders",
    "GET /projects/:projectId/folders/:folderId",
    "GET /assets",
    "GET /assets/:id",
    "GET /assets/:id/versions",
    "GET /search",
    "GET /versions/:id",
    "GET /versions/:id/custody",
    "GET /versions/:id/approvals",
    "GET /versions/:id/review-requests",
    "GET /preview/:versionId",
    "GET /compare",
    "GET /comments",
    "GET /comments/:id",
    "GET /comments/export",
    "GET /events",
    "GET /events/log",
  ]),
  ...every("reviewer", ["POST /comments", "POST /comments/:id/reactions", "POST /versions/:id/approval"]),
  ...every("editor", [
    "POST /presign",
    "POST /preview",
    "POST /versions/:id/download",
    "POST /versions/:id/review-requests",
    "POST /comments/:id/resolve",
    "POST /comments/carry",
    "GET /shares",
    "POST /shares",
    "GET /shares/:id",
    "PATCH /shares/:id",
    "DELETE /shares/:id",
    "GET /shares/:id/visits",
    "PATCH /assets/:id",
    "POST /projects/:projectId/folders",
    "PATCH /projects/:projectId/folders/:folderId",
    "DELETE /projects/:projectId/folders/:folderId",
  ]),
  ...every("manager", [
    "PATCH /projects/:projectId",
    "DELETE /projects/:projectId",
    "POST /projects/:projectId/members",
    "PATCH /projects/:projectId/members/:personId",
    "POST /versions/:id/legal-hold",
    "POST /versions/:id/retention",
    "POST /versions/:id/verify",
    "DELETE /versions/:id",
    "DELETE /assets/:id",
    "PATCH /comments/:id",
    "DELETE /comments/:id",
    "GET /audit",
    "GET /webhooks",
    "POST /webhooks",
    "GET /webhooks/:webhookId",
    "PATCH /webhooks/:webhookId",
    "DELETE /webhooks/:webhookId",
    "POST /webhooks/:webhookId/rotate",
    "POST /webhooks/:webhookId/test",
    "GET /webhooks/:webhookId/deliveries",
    "POST /webhooks/deliveries/:deliveryId/redeliver",
  ]),
};

function every(role: Role, names: string[]): Record<string, Role> {
  return Object.fromEntries(names.map((name) => [name, role]));
}

let resources: Resources;
let api: Api;
let world: World;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  world = await seedWorld(resources, api);
});
afterAll(() => resources.close());

const name = (route: Route) => `${route.method} ${route.path}`;
const order = ["GET", "POST", "PATCH", "DELETE"];
const listed = functions
  .flatMap((fn) => fn.routes)
  .filter((route) => name(route) in least)
  .sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method));

/** With a state nobody has seen: whoever may change is told 412 and nothing changes. */
const stale = { "if-match": '"999999.unseen"' };

async function ask(route: Route, who: Role): Promise<number> {
  const hasBody = route.method !== "GET" && route.method !== "DELETE";
  const body = hasBody ? (route.body ? example(inputSchema(route.body), world) : {}) : undefined;
  const answer = await api.as(who).send(route.method, addressOf(route, world), body, stale);
  await answer.body?.cancel();
  return answer.status;
}

describe("a role may do what its line says, and the roles below it may not", () => {
  test("the table names only routes there are", () => {
    expect(Object.keys(least).filter((one) => !listed.some((route) => name(route) === one))).toEqual([]);
  });

  test.each(listed.map((route) => [name(route), least[name(route)] as Role, route] as const))(
    "%s: %s",
    async (_, needed, route) => {
      for (const role of roles) {
        const status = await ask(route, role);
        const isRefused = status === 403 || status === 404;
        expect([role, status, isRefused]).toEqual([
          role,
          status,
          roles.indexOf(role) < roles.indexOf(needed),
        ]);
      }
    },
  );
});
