import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Resources } from "#core/resources.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { forgetExpired } from "#triggers/forget-expired/forget-expired.ts";
import type { TriggerDeps } from "#triggers/trigger.ts";

let resources: Resources;
let api: Api;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
});
afterAll(() => resources.close());

const round = () => forgetExpired(resources as TriggerDeps)(new AbortController().signal);

test("expired keys are forgotten, those that still count are not", async () => {
  const create = (key: string) =>
    api.as("manager").post("/projects", { name: "x" }, { "idempotency-key": key });
  await create("kept");
  const { sql } = resources;
  await sql`insert into idempotency_keys (actor, key, request_hash, locked_until, expires_at)
    select 'person:x', 'old' || n, ''::bytea, now(), now() - interval '1 minute' from generate_series(1, 2500) n`;
  await round();
  expect((await sql`select key from idempotency_keys`).map(({ key }) => key)).toEqual(["kept"]);
  expect((await create("kept")).headers.get("idempotent-replay")).toBe("true");
});

test("deliveries that ended long ago are forgotten, those still to be made are not", async () => {
  const { sql } = resources;
  const hook = await api
    .as("manager")
    .post("/webhooks", { projectId: api.seed.projectId, url: "https://a.test/" });
  const made = async () =>
    (await api.as("manager").post(`/webhooks/${hook.body.id}/test`)).body.deliveryId as string;
  const [oldDone, oldPending, newDone] = [await made(), await made(), await made()];
  await sql`update webhook_deliveries set state = 'delivered' where id in ${sql([oldDone, newDone])}`;
  await sql`update webhook_deliveries set created_at = now() - interval '31 days' where id in ${sql([oldDone, oldPending])}`;
  await round();
  const left = await sql`select id from webhook_deliveries order by id`;
  expect(left.map(({ id }) => id)).toEqual([oldPending, newDone].sort());
});
