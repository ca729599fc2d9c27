import { expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { judge, startLoad } from "./world/load.ts";
import { inWorld, type World } from "./world/world.ts";

/** A provider with keys of our own; `isDown` makes it answer 500. */
async function openProvider() {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
  const provider = { isDown: false };
  const server = createServer((request, response) => {
    if (provider.isDown) return void response.writeHead(500).end();
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
  const sign = ({ aud, iss = issuer, exp, ...claims }: Record<string, unknown>, kid = "k1") =>
    new SignJWT({ sub: "someone", email: "some@one.test", email_verified: true, ...claims })
      .setProtectedHeader({ alg: "ES256", kid })
      .setIssuer(String(iss))
      .setAudience(String(aud))
      .setExpirationTime((exp as number) ?? "5 minutes")
      .sign(privateKey);
  return Object.assign(provider, {
    issuer,
    sign,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

const sessionWith = (world: World, token: string) =>
  fetch(`${world.apis[0]?.base}/session`, { headers: { authorization: `Bearer ${token}` } });

test("the provider of sign-in is away: tokens by known keys pass, what cannot be checked does not, and work goes on", async () => {
  const provider = await openProvider();
  await inWorld({ env: { OIDC_ISSUER: provider.issuer } }, async (world) => {
    await world.api();
    const aud = world.env.OIDC_AUDIENCE;
    const statusOf = async (claims: Record<string, unknown>, kid?: string) =>
      (await sessionWith(world, await provider.sign({ aud, ...claims }, kid))).status;
    const refused = async () => {
      expect(await statusOf({ aud: "https://elsewhere.test" })).toBe(401);
      expect(await statusOf({ iss: "https://elsewhere.test" })).toBe(401);
      expect(await statusOf({ exp: Math.floor(Date.now() / 1000) - 60 })).toBe(401);
      expect(await statusOf({ sub: "new", email: "new@one.test", email_verified: false })).toBe(401);
      expect(await statusOf({ sub: "new", email: "new@one.test", email_verified: "true" })).toBe(401);
      expect(await statusOf({ sub: "another", email: "some@one.test" })).toBe(401);
    };
    expect(await statusOf({})).toBe(200);
    await refused();
    provider.isDown = true;
    const load = startLoad(world, { jobs: 60, clients: 3 });
    expect(await statusOf({})).toBe(200);
    await refused();
    expect([401, 503]).toContain(await statusOf({}, "k2"));
    await load.done;
    provider.isDown = false;
    expect(await statusOf({})).toBe(200);
    expect(await world.sql`select 1 from people where email = 'some@one.test'`).toHaveLength(1);
    expect(await world.sql`select 1 from people where email = 'new@one.test'`).toHaveLength(0);
    expect(await judge(world, load)).toEqual({ settled: 60, lost: 0, doubled: 0 });
  }).finally(provider.close);
}, 60_000);

test("a provider that accepts connections and never answers costs two seconds, not more, and holds up nobody else", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const OIDC_ISSUER = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await inWorld({ env: { OIDC_ISSUER } }, async (world) => {
    const { base } = await world.api();
    const load = startLoad(world, { jobs: 60, clients: 3 });
    const from = performance.now();
    const login = await fetch(`${base}/session/login`, { redirect: "manual" });
    expect(login.headers.get("location")).toContain("/signin?problem=unavailable");
    const token = await sessionWith(world, "aaaa.bbbb.cccc");
    expect([token.status, token.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(performance.now() - from).toBeLessThan(6_000);
    await load.done;
    expect(Object.fromEntries(load.failures)).toEqual({});
    expect(await judge(world, load)).toEqual({ settled: 60, lost: 0, doubled: 0 });
  }).finally(() => {
    silent.closeAllConnections();
    silent.close();
  });
}, 60_000);
