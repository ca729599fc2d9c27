import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Resources } from "#core/resources.ts";
import { everyFunction } from "#functions/apps.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";

describe("an issuer with keys of our own", () => {
  let server: Server;
  let own: Resources;
  let ownApi: Api;
  let isDown = false;
  let sign: (claims: Record<string, unknown>, kid?: string) => Promise<string>;

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
    server = createServer((request, response) => {
      if (isDown) return void response.writeHead(500).end();
      const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const body = request.url?.includes("jwks")
        ? { keys: [jwk] }
        : {
            issuer,
            jwks_uri: `${issuer}/jwks`,
            authorization_endpoint: `${issuer}/auth`,
            token_endpoint: `${issuer}/token`,
          };
      response.setHeader("content-type", "application/json").end(JSON.stringify(body));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    own = await testResources({ OIDC_ISSUER: issuer });
    ownApi = await openApi(own);
    sign = (claims, kid = "k1") =>
      new SignJWT({ sub: "someone", email: "some@one.test", email_verified: true, ...claims })
        .setProtectedHeader({ alg: "ES256", kid })
        .setIssuer((claims.iss as string) ?? issuer)
        .setAudience((claims.aud as string) ?? own.config.OIDC_AUDIENCE)
        .setExpirationTime((claims.exp as number) ?? "5 minutes")
        .sign(privateKey);
  });
  afterAll(async () => {
    await own.close();
    server.close();
  });
  const statusOf = async (claims: Record<string, unknown>, kid?: string) =>
    (await ownApi.bearing(await sign(claims, kid)).get("/session")).status;

  test("another audience, issuer, an old token or an unverified address is refused", async () => {
    expect(await statusOf({})).toBe(200);
    expect(await statusOf({ aud: "https://elsewhere.test" })).toBe(401);
    expect(await statusOf({ iss: "https://elsewhere.test" })).toBe(401);
    expect(await statusOf({ exp: Math.floor(Date.now() / 1000) - 60 })).toBe(401);
    expect(await statusOf({ sub: "new", email: "new@one.test", email_verified: false })).toBe(401);
    expect(await statusOf({ sub: "new", email: "new@one.test", email_verified: "true" })).toBe(401);
    expect(await statusOf({ sub: "another", email: "some@one.test" })).toBe(401);
  });

  test("known keys work while the provider is away, a new one does not", async () => {
    isDown = true;
    expect(await statusOf({})).toBe(200);
    expect([401, 503]).toContain(await statusOf({}, "k2"));
    isDown = false;
    const people = await own.sql`select 1 from people where email = 'some@one.test'`;
    expect(people).toHaveLength(1);
  });
});

test("a provider that accepts connections and never answers costs two seconds, not more", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const own = await testResources({
    OIDC_ISSUER: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
  });
  try {
    const from = performance.now();
    const base = own.config.PUBLIC_API_BASE;
    const login = await everyFunction(own).fetch(new Request(`${base}/session/login`));
    expect(login.headers.get("location")).toContain("/signin?problem=unavailable");
    const token = await everyFunction(own).fetch(
      new Request(`${base}/session`, { headers: { authorization: "Bearer aaaa.bbbb.cccc" } }),
    );
    expect([token.status, token.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(performance.now() - from).toBeLessThan(4_500);
  } finally {
    await own.close();
    silent.closeAllConnections();
    silent.close();
  }
}, 10_000);
