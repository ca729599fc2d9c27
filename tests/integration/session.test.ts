import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SignJWT } from "jose";
import { personOfClaims } from "#core/people/sign-in.ts";
import type { Resources } from "#core/resources.ts";
import { everyFunction } from "#functions/apps.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { type DemoPerson, Jar, passProvider, tokenOf } from "#tests/support/sign-in.ts";

let resources: Resources;
let api: Api;
let gateway: ReturnType<typeof everyFunction>;
beforeAll(async () => {
  resources = await testResources();
  api = await openApi(resources);
  gateway = everyFunction(resources);
});
afterAll(() => resources.close());

const call = async (jar: Jar, path: string, init: RequestInit = {}) => {
  const headers = { ...(init.headers as Record<string, string>), cookie: jar.header };
  const url = path.startsWith("http") ? path : `${resources.config.PUBLIC_API_BASE}${path}`;
  const response = await gateway.fetch(new Request(url, { ...init, headers }));
  jar.keep(response);
  return response;
};

async function signIn(who: DemoPerson, returnTo = "/p/x", jar = new Jar()) {
  const login = await call(jar, `/session/login?returnTo=${encodeURIComponent(returnTo)}`);
  const callback = await passProvider(login.headers.get("location") ?? "", who);
  return { jar, callback, answer: await call(jar, callback.href) };
}

describe("signing in", () => {
  test("leads through the provider back to the page one came from", async () => {
    const { jar, answer } = await signIn("mara", "/a/ast_1?f=37");
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toBe(`${resources.config.PUBLIC_SITE_BASE}/a/ast_1?f=37`);
    const set = answer.headers.getSetCookie().find((line) => line.startsWith("__Host-rushes_session="));
    for (const part of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"]) expect(set).toContain(part);
    expect(set).not.toContain("Domain");
    const me = await call(jar, "/session");
    expect(me.status).toBe(200);
    expect(await me.json()).toMatchObject({
      person: { name: "Mara Manager", email: "mara@rushes.local", admin: true },
      expiresAt: expect.any(String),
    });
  });

  test("finds the invitation made for the address", async () => {
    const [before] = await resources.sql`insert into people (id, email, name)
      values ('per_00000000000000000000000001', 'rita@rushes.local', 'Rita?') returning id`;
    const { jar } = await signIn("rita");
    const { person } = (await (await call(jar, "/session")).json()) as {
      person: { id: string; admin: boolean };
    };
    expect(person).toMatchObject({ id: before?.id, name: "Rita Reviewer", admin: false });
  });

  test("a state works once, and only in the browser that started", async () => {
    const { jar, callback } = await signIn("vic");
    const again = await call(jar, callback.href);
    expect(again.headers.get("location")).toContain("/signin?problem=unauthenticated");

    const first = new Jar();
    const login = await call(first, "/session/login");
    const stolen = await passProvider(login.headers.get("location") ?? "", "vic");
    const victim = new Jar();
    const answer = await call(victim, stolen.href);
    expect(answer.headers.get("location")).toContain("/signin?problem=unauthenticated");
    expect(victim.get("__Host-rushes_session")).toBeUndefined();
  });

  test("an address elsewhere is not returned to", async () => {
    const { answer } = await signIn("vic", "//evil.example/");
    expect(answer.headers.get("location")).toBe(`${resources.config.PUBLIC_SITE_BASE}/`);
  });

  test("what stands in Redis cannot be used as a cookie", async () => {
    const { jar } = await signIn("edo");
    const secret = jar.get("__Host-rushes_session") ?? "";
    const keys = await resources.redis.keys("session:*");
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.join()).not.toContain(secret);
  });
});

describe("the person", () => {
  const claims = (change: object) => ({
    iss: resources.config.OIDC_ISSUER,
    sub: "changing",
    email: "first@one.test",
    email_verified: true,
    name: "First",
    ...change,
  });

  test("follows what the provider says, but takes nobody else's address", async () => {
    const first = await personOfClaims(resources, claims({}));
    const renamed = await personOfClaims(resources, claims({ name: "Second", email: "Second@One.test" }));
    expect(renamed).toEqual({ ...first, name: "Second", email: "second@one.test" });
    const taken = await personOfClaims(resources, claims({ name: "Second", email: "mara@rushes.local" }));
    expect(taken.email).toBe("second@one.test");
  });

  test("is made once, however many first requests come at once", async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () =>
        personOfClaims(resources, claims({ sub: "many", email: "many@one.test" })),
      ),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });
});

describe("the session", () => {
  test("is needed", async () => {
    for (const cookie of ["", "__Host-rushes_session=x", `__Host-rushes_session=${"a".repeat(43)}`])
      expect((await api.bearing(undefined).get("/session", { cookie })).status).toBe(401);
  });

  test("ends with signing out, for the provider too", async () => {
    const { jar } = await signIn("milo");
    const secret = jar.get("__Host-rushes_session");
    const origin = new URL(resources.config.PUBLIC_SITE_BASE).origin;
    expect((await call(jar, "/session/logout", { method: "POST" })).status).toBe(403);
    const answer = await call(jar, "/session/logout", { method: "POST", headers: { origin } });
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { endSessionUrl: string }).endSessionUrl).toStartWith(
      resources.config.OIDC_ISSUER,
    );
    expect(jar.get("__Host-rushes_session")).toBeUndefined();
    const replay = { cookie: `__Host-rushes_session=${secret}` };
    expect((await api.bearing(undefined).get("/session", replay)).status).toBe(401);
  });

  test("of an API key is its maker's", async () => {
    const key = await api.withKey("reviewer", ["read"]);
    const { status, body } = await key.get("/session");
    expect(status).toBe(200);
    expect(body).toMatchObject({ person: { id: api.seed.people.reviewer.id }, expiresAt: null });
  });

  test("is not given while Redis is away", async () => {
    const broken = { ...resources, redis: resources.redis.duplicate({ host: "127.0.0.1", port: 1 }) };
    broken.redis.on("error", () => {});
    const response = await everyFunction(broken as Resources).fetch(
      new Request(`${resources.config.PUBLIC_API_BASE}/session`, {
        headers: { cookie: `__Host-rushes_session=${"a".repeat(43)}` },
      }),
    );
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBeTruthy();
    broken.redis.disconnect();
  });
});

describe("a JWT of the issuer", () => {
  test("stands for its person", async () => {
    const token = await tokenOf(resources.config.OIDC_ISSUER, "otto");
    const { status, body } = await api.bearing(token).get("/session");
    expect(status).toBe(200);
    expect(body.person.email).toBe("otto@rushes.local");
  });

  test("is refused when a byte is changed, or its algorithm is none or symmetric", async () => {
    const token = await tokenOf(resources.config.OIDC_ISSUER, "otto");
    const [header = "", payload = "", signature = ""] = token.split(".");
    const { kid } = JSON.parse(atob(header)) as { kid: string };
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const symmetric = await new SignJWT(JSON.parse(atob(payload)))
      .setProtectedHeader({ alg: "HS256", kid })
      .sign(new TextEncoder().encode(resources.config.OIDC_CLIENT_SECRET));
    for (const forged of [
      `${header}.${payload.slice(0, -2)}xx.${signature}`,
      `${encode({ alg: "none" })}.${payload}.`,
      symmetric,
      "not-a-token-at-all",
    ])
      expect((await api.bearing(forged).get("/session")).status).toBe(401);
  });
});
