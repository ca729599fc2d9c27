import { errors, jwtVerify } from "jose";
import { keyActor } from "../keys/key-actor.ts";
import { type Claims, personOfClaims } from "../people/sign-in.ts";
import { findPerson } from "../people/store.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { guestOfSession, guestOfShareToken } from "../shares/guest.ts";
import type { Actor } from "./actor.ts";
import { findSession } from "./sessions.ts";

type Deps = Pick<Resources, "sql" | "redis" | "config" | "issuer">;

/** Written out: what a token says about its own algorithm counts only when it stands here. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/** The signed-in person of a session cookie; undefined when the session is unknown or over. */
export async function actorOfSession(deps: Deps, secret: string): Promise<Actor | undefined> {
  const session = await findSession(deps, secret);
  return session && findPerson(deps.sql, session.personId);
}

/** The guest of a share's cookie; undefined when that session, or its share, is over. */
export async function actorOfGuestSession(deps: Deps, token: string): Promise<Actor | undefined> {
  return guestOfSession(deps, token);
}

/** Who a bearer token stands for: an API key, a share link, a guest session or a JWT of the issuer. Refuses others. */
export async function actorOfBearer(deps: Deps, token: string): Promise<Actor> {
  if (token.startsWith("rk_"))
    return (
      (await keyActor(deps, token)) ??
      refuse("unauthenticated", "This API key is unknown, revoked or expired.")
    );
  if (token.startsWith("rs_"))
    return (await guestOfShareToken(deps, token)) ?? refuse("unauthenticated", "This link is not valid.");
  if (token.startsWith("rg_"))
    return (
      (await guestOfSession(deps, token)) ??
      refuse("unauthenticated", "This visit is over. Open the link again.")
    );
  return personOfJwt(deps, token);
}

async function personOfJwt(deps: Deps, token: string): Promise<Actor> {
  const metadata = (await deps.issuer.discovered()).serverMetadata();
  try {
    const { payload } = await jwtVerify(token, deps.issuer.keyOf, {
      algorithms,
      issuer: metadata.issuer,
      audience: deps.config.OIDC_AUDIENCE,
      requiredClaims: ["exp", "sub"],
      clockTolerance: 5,
    });
    return await personOfClaims(deps, payload as typeof payload & Claims);
  } catch (error) {
    if (error instanceof errors.JWKSTimeout)
      throw new Refusal("unavailable", "The keys of the sign-in provider cannot be read now.", {
        cause: error,
      });
    if (error instanceof errors.JOSEError)
      refuse("unauthenticated", "The token is not valid, has expired, or is not meant for this service.");
    throw error;
  }
}
