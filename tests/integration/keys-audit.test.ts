import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { audit } from "#core/audit/append.ts";
import { system } from "#core/auth/actor.ts";
import { inTransaction } from "#core/db/db.ts";
import type { Resources } from "#core/resources.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { stackAdmin } from "#tests/support/stack.ts";

let resources: Resources;
let api: Api;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
});
afterAll(() => resources.close());

describe("API keys", () => {
  test("show their secret once and work until they are revoked", async () => {
    const made = await api.as("editor").post("/keys", { name: "CI", scopes: ["read", "upload"] });
    expect(made.status).toBe(201);
    expect(made.body.secret).toMatch(/^rk_[\w-]{43}$/);
    const { secret, ...shown } = made.body;
    const key = api.bearing(secret);
    expect((await key.get(`/projects/${api.seed.projectId}`)).status).toBe(200);
    const read = await api.as("editor").get(`/keys/${shown.id}`);
    expect(read.body).toEqual({ ...shown, lastUsedAt: expect.any(String) });
    expect((await api.as("editor").get("/keys")).body.items).toEqual([read.body]);
    expect((await api.as("editor").send("DELETE", `/keys/${shown.id}`)).status).toBe(428);
    expect((await api.as("editor").del(`/keys/${shown.id}`)).status).toBe(204);
    expect((await key.get(`/projects/${api.seed.projectId}`)).status).toBe(401);
    const [row] = await resources.sql`select * from api_keys where id = ${shown.id}`;
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  test("expire", async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const { body } = await api.as("editor").post("/keys", { name: "Soon", scopes: ["read"], expiresAt });
    expect((await api.bearing(body.secret).get("/projects")).status).toBe(200);
    await resources.sql`update api_keys set expires_at = now() - interval '1 second' where id = ${body.id}`;
    expect((await api.bearing(body.secret).get("/projects")).status).toBe(401);
    const past = await api
      .as("editor")
      .post("/keys", { name: "Past", scopes: ["read"], expiresAt: "2020-01-01T00:00:00.000Z" });
    expect([past.status, past.body.errors[0].pointer]).toEqual([400, "/expiresAt"]);
  });

  test("have at most their maker's rights, and only their scopes", async () => {
    expect((await api.as("manager").post("/keys", { name: "A", scopes: ["admin"] })).status).toBe(403);
    const narrow = await api.withKey("admin", ["read"]);
    expect((await narrow.get(`/projects/${api.seed.projectId}`)).status).toBe(404);
    const wide = await api.withKey("admin", ["admin"]);
    expect((await wide.get(`/projects/${api.seed.projectId}`)).status).toBe(200);
    expect(
      (await (await api.withKey("outsider", ["manage"])).get(`/projects/${api.seed.projectId}`)).status,
    ).toBe(404);
  });

  test("cannot make or see keys, and nobody sees another's", async () => {
    const key = await api.withKey("manager", ["manage"]);
    expect((await key.post("/keys", { name: "x", scopes: ["read"] })).status).toBe(403);
    expect((await key.get("/keys")).status).toBe(403);
    const { body } = await api.as("manager").post("/keys", { name: "Mine", scopes: ["read"] });
    for (const who of ["editor", "admin", "outsider"] as const) {
      expect((await api.as(who).get(`/keys/${body.id}`)).status).toBe(404);
      expect((await api.as(who).del(`/keys/${body.id}`, "*")).status).toBe(404);
    }
  });

  test("are not stored readable for a replay", async () => {
    const headers = { "idempotency-key": "make-a-key" };
    const first = await api.as("viewer").post("/keys", { name: "Once", scopes: ["read"] }, headers);
    const again = await api.as("viewer").post("/keys", { name: "Once", scopes: ["read"] }, headers);
    expect(again.headers.get("idempotent-replay")).toBe("true");
    expect(again.body).toEqual(first.body);
    const rows = await resources.sql`select * from idempotency_keys`;
    expect(JSON.stringify(rows)).not.toContain(first.body.secret);
  });
});

describe("the audit log", () => {
  test("is read by managers for their project and by admins for everything", async () => {
    const path = `/audit?projectId=${api.seed.projectId}`;
    expect((await api.as("manager").get(path)).status).toBe(200);
    expect((await api.as("editor").get(path)).status).toBe(403);
    expect((await api.as("outsider").get(path)).status).toBe(404);
    expect((await api.as("manager").get("/audit")).status).toBe(403);
    expect((await api.as("admin").get("/audit")).status).toBe(200);
  });

  test("is filtered and paged without a gap", async () => {
    const projectId = (await api.as("manager").post("/projects", { name: "Trail" })).body.id as string;
    for (let i = 0; i < 4; i++)
      await api.as("manager").post(`/projects/${projectId}/folders`, { name: `F${i}` });
    const ask = async (query: string) =>
      (await api.as("manager").get(`/audit?projectId=${projectId}${query}`)).body;
    const actions = (page: { items: { action: string }[] }) => page.items.map(({ action }) => action);
    expect(actions(await ask(""))).toEqual([...Array(4).fill("folder.created"), "project.created"]);
    expect(actions(await ask("&action=project."))).toEqual(["project.created"]);
    expect(actions(await ask("&action=folder.created&limit=200"))).toHaveLength(4);
    expect(actions(await ask(`&subject=${projectId}`))).toEqual(["project.created"]);
    expect(actions(await ask(`&actor=${api.seed.people.editor.id}`))).toEqual([]);
    expect(actions(await ask("&until=2020-01-01T00:00:00.000Z"))).toEqual([]);
    const first = await ask("&limit=3");
    const second = await ask(`&limit=3&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map(({ seq }: { seq: number }) => seq)).toEqual(
      (await ask("")).items.map(({ seq }: { seq: number }) => seq),
    );
    expect(second.nextCursor).toBeNull();
  });

  test("keeps its chain when many write at once", async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        inTransaction(resources.sql, (sql) =>
          audit(sql, system, {
            projectId: null,
            action: "test.written",
            subject: `s${i}`,
            detail: { b: [1, { z: 0.1, a: "ä" }], a: 1e21, n: null, at: new Date() },
          }),
        ),
      ),
    );
    const { body } = await api.as("admin").get("/audit/verify");
    expect(body).toMatchObject({ intact: true, brokenAt: null, nextAfter: null });
    const [{ count } = { count: 0 }] = await resources.sql`select count(*)::int as count from audit_log`;
    expect(body.checked).toBe(count);
    const rest = await api.as("admin").get(`/audit/verify?after=${body.head.seq - 1}`);
    expect(rest.body).toMatchObject({ intact: true, checked: 1, head: body.head });
    expect((await api.as("manager").get("/audit/verify")).status).toBe(403);
  });

  test("cannot be changed by the product, and shows where somebody else did", async () => {
    await expect(resources.sql`update audit_log set actor_name = 'nobody'`.execute()).rejects.toThrow(
      "append only",
    );
    await expect(resources.sql`delete from audit_log`.execute()).rejects.toThrow("append only");
    const [{ seq } = { seq: 0 }] = await resources.sql`select min(seq) + 1 as seq from audit_log`;
    const url = new URL(stackAdmin().POSTGRES_ADMIN_URL);
    url.pathname = new URL(resources.config.POSTGRES_URL).pathname;
    const admin = postgres(url.href, { max: 1, onnotice: () => {} });
    const tamper = (change: string) =>
      admin.unsafe(`begin; set local session_replication_role = replica; ${change}; commit`);
    await tamper(`update audit_log set actor_name = actor_name || '!' where seq = ${seq}`);
    expect((await api.as("admin").get("/audit/verify")).body).toMatchObject({ intact: false, brokenAt: seq });
    await tamper(`update audit_log set actor_name = rtrim(actor_name, '!') where seq = ${seq}`);
    expect((await api.as("admin").get("/audit/verify")).body.intact).toBe(true);
    await tamper(`delete from audit_log where seq = ${seq}`);
    expect((await api.as("admin").get("/audit/verify")).body).toMatchObject({
      intact: false,
      brokenAt: seq + 1,
    });
    await admin.end();
  });
});
