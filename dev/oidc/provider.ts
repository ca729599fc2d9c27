import { timingSafeEqual } from "node:crypto";
import Provider, { type Configuration, errors, type KoaContextWithOIDC } from "oidc-provider";
import { openKeys } from "#dev/oidc/keys.ts";
import { logoutPage, messagePage } from "#dev/oidc/page.ts";
import { type Person, passwordOf, people } from "#dev/people.ts";

export type OidcSettings = {
  issuer: string;
  keysFile: string;
  audience: string;
  client: { id: string; secret: string; callback: string; site: string };
  scripts: { id: string; secret: string };
  demoSecret: string;
};

export const personByEmail = (email: string): Person | undefined =>
  people.find((person) => person.email === email.trim().toLowerCase());

/** The person whose password this is; undefined for a stranger and for a wrong password alike. */
export const signIn = (email: string, password: string, demoSecret: string): Person | undefined => {
  const person = personByEmail(email);
  const expected = Buffer.from(passwordOf(person ?? { id: "nobody" }, demoSecret));
  const given = Buffer.from(password);
  const same = given.length === expected.length && timingSafeEqual(given, expected);
  return person && same ? person : undefined;
};

const claimsOf = (person: Person) => ({
  sub: person.id,
  name: person.name,
  email: person.email,
  email_verified: true,
  ...(person.admin ? { groups: ["admin"] } : {}),
});

const API_SCOPE = "api";

/**
 * `password` for scripts only: a demo person's credentials become a JWT for the API, without a browser.
 * The site's client may not use it.
 */
const registerPasswordGrant = (provider: Provider, settings: OidcSettings, resource: ResourceInfo): void => {
  const handler = async (ctx: KoaContextWithOIDC) => {
    const { username, password } = (ctx.oidc.params ?? {}) as { username?: string; password?: string };
    const client = ctx.oidc.client;
    const person = signIn(username ?? "", password ?? "", settings.demoSecret);
    if (!client || !person) throw new errors.InvalidGrant("the email or the password is wrong");
    const grant = new provider.Grant({ accountId: person.id, clientId: client.clientId });
    grant.addResourceScope(settings.audience, API_SCOPE);
    const token = new provider.AccessToken({
      accountId: person.id,
      client,
      grantId: await grant.save(),
      gty: "password",
      scope: API_SCOPE,
      expiresWithSession: false,
    });
    token.resourceServer = new provider.ResourceServer(settings.audience, resource);
    const value = await token.save();
    ctx.body = { access_token: value, token_type: "Bearer", expires_in: token.expiration, scope: API_SCOPE };
  };
  provider.registerGrantType("password", handler, ["username", "password"]);
};

type ResourceInfo = { scope: string; audience: string; accessTokenFormat: "jwt"; accessTokenTTL: number };

/** The local sign-in: authorization code with PKCE for the site, client credentials and passwords for scripts. */
export const openProvider = (settings: OidcSettings): Provider => {
  const keys = openKeys(settings.keysFile);
  const resource: ResourceInfo = {
    scope: API_SCOPE,
    audience: settings.audience,
    accessTokenFormat: "jwt",
    accessTokenTTL: 8 * 3600,
  };
  const configuration: Configuration = {
    clients: [
      {
        client_id: settings.client.id,
        client_secret: settings.client.secret,
        redirect_uris: [settings.client.callback],
        post_logout_redirect_uris: [settings.client.site, `${settings.client.site}/`],
        grant_types: ["authorization_code", "refresh_token"],
      },
      {
        client_id: settings.scripts.id,
        client_secret: settings.scripts.secret,
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials", "password"],
      },
    ],
    jwks: keys.jwks as NonNullable<Configuration["jwks"]>,
    cookies: {
      keys: keys.cookies,
      long: { sameSite: "lax", path: "/" },
      short: { sameSite: "lax", path: "/" },
    },
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["name", "groups"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    scopes: ["openid", "profile", "email", "offline_access"],
    findAccount: (_ctx, id) => {
      const person = people.find((one) => one.id === id);
      return person && { accountId: person.id, claims: () => claimsOf(person) };
    },
    extraTokenClaims: (_ctx, token) => {
      const person = people.find((one) => "accountId" in token && one.id === token.accountId);
      if (!person) return undefined;
      const { sub: _sub, ...claims } = claimsOf(person);
      return claims;
    },
    // Our own client asks for nothing that a person has to agree to.
    loadExistingGrant: async (ctx) => {
      const { client, session, provider } = ctx.oidc;
      if (!client || !session?.accountId) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid profile email offline_access");
      grant.addResourceScope(settings.audience, API_SCOPE);
      await grant.save();
      return grant;
    },
    interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, indicator) => {
          if (indicator !== settings.audience) throw new errors.InvalidTarget();
          return resource;
        },
        useGrantedResource: () => true,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = logoutPage(form);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = messagePage("Signed out", "You are signed out of Rushes.");
        },
      },
    },
    ttl: {
      AccessToken: 8 * 3600,
      ClientCredentials: 8 * 3600,
      Session: 14 * 86400,
      Interaction: 3600,
      Grant: 14 * 86400,
      IdToken: 3600,
    },
    renderError: (ctx, out) => {
      ctx.type = "html";
      ctx.body = messagePage("Sign-in did not work", out.error_description ?? out.error);
    },
  };
  const provider = new Provider(settings.issuer, configuration);
  registerPasswordGrant(provider, settings, resource);
  return provider;
};
