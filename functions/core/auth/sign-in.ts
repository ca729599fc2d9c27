import { createHash } from "node:crypto";
import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  ClientError,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import { z } from "zod";
import { audit } from "../audit/append.ts";
import { inTransaction } from "../db/db.ts";
import { recheckRights } from "../events/live.ts";
import { type Claims, personOfClaims } from "../people/sign-in.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { closeSession, openSession } from "./sessions.ts";

type Deps = Pick<Resources, "sql" | "redis" | "config" | "issuer" | "log">;

/** How long somebody may take at the provider. */
export const signInSeconds = 600;

const pendingShape = z.object({ nonce: z.string(), verifier: z.string(), returnTo: z.string() });
const pendingKey = (state: string) => `sign-in:${createHash("sha256").update(state).digest("base64url")}`;
const callbackOf = (deps: Deps) => `${deps.config.PUBLIC_API_BASE}/session/callback`;

/** A path of the site, or `/` for anything that could lead elsewhere. */
export function safeReturn(siteBase: string, returnTo: string | undefined): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop some of them, and what is left may be another host
  if (!returnTo || !/^\/(?![/\\])[^\\\x00-\x1f\x7f]*$/.test(returnTo)) return "/";
  const url = new URL(returnTo, siteBase);
  return url.origin === new URL(siteBase).origin ? `${url.pathname}${url.search}${url.hash}` : "/";
}

/** Starts a sign-in: where to send the browser, and the state that its cookie must bring back. */
export async function beginSignIn(
  deps: Deps,
  returnTo: string | undefined,
): Promise<{ url: string; state: string }> {
  const metadata = await deps.issuer.discovered();
  const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
  const pending = { nonce, verifier, returnTo: safeReturn(deps.config.PUBLIC_SITE_BASE, returnTo) };
  await deps.redis.set(pendingKey(state), JSON.stringify(pending), "EX", signInSeconds);
  const url = buildAuthorizationUrl(metadata, {
    redirect_uri: callbackOf(deps),
    scope: "openid profile email",
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  return { url: url.href, state };
}

/**
 * Ends a sign-in with what the provider sent back: opens a session. A state works once, whoever comes first.
 * `search` is the query of the callback, `state` the one that the browser's own cookie vouches for.
 */
export async function finishSignIn(
  deps: Deps,
  { search, state }: { search: string; state: string },
): Promise<{ secret: string; expiresAt: string; returnTo: string }> {
  const text = await deps.redis.getdel(pendingKey(state));
  if (text === null) refuse("unauthenticated", "This sign-in has expired or was already used. Start again.");
  const pending = pendingShape.parse(JSON.parse(text));
  const metadata = await deps.issuer.discovered();
  const tokens = await authorizationCodeGrant(metadata, new URL(`${callbackOf(deps)}${search}`), {
    pkceCodeVerifier: pending.verifier,
    expectedNonce: pending.nonce,
    expectedState: state,
    idTokenExpected: true,
  }).catch((error: unknown) => {
    deps.log.warn({ err: error }, "the provider did not complete a sign-in");
    throw isRefused(error)
      ? new Refusal("unauthenticated", "The sign-in provider did not complete the sign-in.", { cause: error })
      : new Refusal("unavailable", "The sign-in provider does not answer.", { cause: error });
  });
  const claims = tokens.claims();
  if (!claims) refuse("unauthenticated", "The sign-in provider sent no identity.");
  const person = await personOfClaims(
    deps,
    claims.email === undefined ? await withUserInfo(metadata, tokens.access_token, claims) : claims,
  );
  const session = await openSession(
    deps,
    { personId: person.id, idToken: tokens.id_token },
    deps.config.SESSION_TTL_SECONDS,
  );
  await inTransaction(deps.sql, (sql) =>
    audit(sql, person, { projectId: null, action: "session.opened", subject: person.id }),
  );
  return { ...session, returnTo: pending.returnTo };
}

/** The provider, or our check of what it sent, said no; anything else is an outage. */
function isRefused(error: unknown): boolean {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) return true;
  return error instanceof ClientError && error.code !== "OAUTH_TIMEOUT";
}

async function withUserInfo(metadata: Configuration, accessToken: string, claims: Claims): Promise<Claims> {
  const info = await fetchUserInfo(metadata, accessToken, claims.sub);
  return { ...info, iss: claims.iss, sub: claims.sub };
}

/** Ends our session. Answers where the browser can end the provider's too, if the provider offers that. */
export async function signOut(deps: Deps, secret: string | undefined): Promise<string | undefined> {
  const session = secret ? await closeSession(deps, secret) : undefined;
  if (!session) return undefined;
  await recheckRights(deps.redis, session.personId);
  const metadata = await deps.issuer.discovered().catch(() => undefined);
  if (!metadata?.serverMetadata().end_session_endpoint) return undefined;
  return buildEndSessionUrl(metadata, {
    post_logout_redirect_uri: `${new URL(deps.config.PUBLIC_SITE_BASE).origin}/`,
    ...(session.idToken ? { id_token_hint: session.idToken } : {}),
  }).href;
}
