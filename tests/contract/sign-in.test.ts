import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oidc from "openid-client";

/** What the product takes from an OIDC issuer, asked of the local one. */
const read = (file: string) =>
  JSON.parse(readFileSync(join(import.meta.dir, "../../.rushes/test", file), "utf8"));
const env = read("env.json") as Record<string, string>;
const admin = read("admin.json") as {
  OIDC_SCRIPTS_CLIENT_ID: string;
  OIDC_SCRIPTS_SECRET: string;
  people: { id: string; email: string; password: string; name: string }[];
};
const issuer = new URL(env.OIDC_ISSUER ?? "");
const callback = `${env.PUBLIC_API_BASE}/session/callback`;
const mara = admin.people.find((person) => person.id === "mara")!;

const discover = () =>
  oidc.discovery(issuer, env.OIDC_CLIENT_ID ?? "", env.OIDC_CLIENT_SECRET, undefined, {
    execute: [oidc.allowInsecureRequests],
  });

/** A browser without scripts: it follows redirects by hand and keeps cookies. */
const openBrowser = () => {
  const jar = new Map<string, string>();
  return async (url: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = (line.split(";")[0] ?? "").split(/=(.*)/s);
      if (name) value ? jar.set(name, value) : jar.delete(name);
    }
    return response;
  };
};

const follow = async (visit: ReturnType<typeof openBrowser>, start: Response): Promise<string> => {
  let response = start;
  for (let hop = 0; hop < 6; hop++) {
    const to = new URL(response.headers.get("location") ?? "", issuer).href;
    if (to.startsWith(callback) || to.includes("/login/")) return to;
    response = await visit(to);
  }
  throw new Error("the sign-in went in circles");
};

const form = (fields: Record<string, string>): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(fields),
});

describe("authorization code with PKCE", () => {
  test("ends at the callback with the person's name and email", async () => {
    const config = await discover();
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const start = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: "openid profile email",
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
    });
    const visit = openBrowser();
    const login = await follow(visit, await visit(start.href));
    expect(await (await visit(login)).text()).toContain('name="password"');
    const wrong = await visit(login, form({ email: mara.email, password: "guess" }));
    expect(wrong.status).toBe(401);
    const back = await follow(
      visit,
      await visit(login, form({ email: mara.email, password: mara.password })),
    );
    const tokens = await oidc.authorizationCodeGrant(config, new URL(back), {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
    const claims = tokens.claims()!;
    expect(claims).toMatchObject({ sub: mara.id, name: mara.name, email: mara.email, email_verified: true });
  });

  test("is refused without PKCE", async () => {
    const start = oidc.buildAuthorizationUrl(await discover(), {
      redirect_uri: callback,
      scope: "openid",
      state: "s",
    });
    const answer = await fetch(start, { redirect: "manual" });
    expect(new URL(answer.headers.get("location") ?? "").searchParams.get("error")).toBe("invalid_request");
  });

  test("is refused for a callback that is not ours", async () => {
    const config = await discover();
    const start = oidc.buildAuthorizationUrl(config, {
      redirect_uri: "http://localhost:9/evil",
      scope: "openid",
    });
    const answer = await fetch(start, { redirect: "manual" });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("location")).toBeNull();
  });
});

describe("tokens for scripts", () => {
  const ask = (fields: Record<string, string>) =>
    fetch(new URL("/token", issuer), {
      ...form({ resource: env.OIDC_AUDIENCE ?? "", ...fields }),
      headers: {
        authorization: `Basic ${btoa(`${admin.OIDC_SCRIPTS_CLIENT_ID}:${admin.OIDC_SCRIPTS_SECRET}`)}`,
      },
    });
  const verify = async (answer: Response) => {
    const { access_token } = (await answer.json()) as { access_token: string };
    const keys = createRemoteJWKSet(new URL("/jwks", issuer));
    return jwtVerify(access_token, keys, {
      issuer: issuer.href.replace(/\/$/, ""),
      audience: env.OIDC_AUDIENCE ?? "",
    });
  };

  test("a person's email and password give a JWT for the API in that person's name", async () => {
    const answer = await ask({ grant_type: "password", username: mara.email, password: mara.password });
    expect(answer.status).toBe(200);
    expect((await verify(answer)).payload).toMatchObject({
      sub: mara.id,
      email: mara.email,
      name: mara.name,
    });
  });

  test("client credentials give a JWT for the API", async () => {
    const answer = await ask({ grant_type: "client_credentials", scope: "api" });
    expect((await verify(answer)).payload.client_id).toBe(admin.OIDC_SCRIPTS_CLIENT_ID);
  });

  test("a wrong password gives nothing", async () => {
    const answer = await ask({ grant_type: "password", username: mara.email, password: "guess" });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: "invalid_grant" });
  });
});
