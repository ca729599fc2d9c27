import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { Actor } from "#core/auth/actor.ts";
import { actorOfBearer, actorOfGuestSession, actorOfSession } from "#core/auth/credentials.ts";
import { refuse } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";

export const sessionCookie = "__Host-rushes_session";
export const guestCookie = "__Host-rushes_guest";

/** The credentials of one request, looked up at most once and only when someone asks. */
export interface Actors {
  /** Who asks, or undefined when the request carries no credential. Refuses a credential that is wrong. */
  find(): Promise<Actor | undefined>;
  /** Who asks; refuses with 401 when nobody. */
  need(): Promise<Actor>;
}

const safe = new Set(["GET", "HEAD", "OPTIONS"]);

export function actorsOf(deps: Resources, c: Context): Actors {
  let found: Promise<Actor | undefined> | undefined;
  const look = async (): Promise<Actor | undefined> => {
    const authorization = c.req.header("authorization");
    if (authorization !== undefined) {
      const token = /^Bearer +([\w.~+/=-]{8,8192})$/i.exec(authorization)?.[1];
      if (!token) refuse("unauthenticated", "Authorization must be a Bearer token.");
      return actorOfBearer(deps, token);
    }
    const session = getCookie(c, sessionCookie);
    const guest = getCookie(c, guestCookie);
    if (!session && !guest) return undefined;
    guardOrigin(c, deps);
    const person = session ? await actorOfSession(deps, session) : undefined;
    // A signed-in member who also opened a share link acts as a member; the share pages send their token.
    return person ?? (guest ? await actorOfGuestSession(deps, guest) : undefined);
  };
  const find = () => {
    found ??= look();
    return found;
  };
  return {
    find,
    async need() {
      return (await find()) ?? refuse("unauthenticated", "Sign in, or send an API key or token.");
    },
  };
}

/** Cookies travel by themselves, so a change asked for with one must come from our own page. */
function guardOrigin(c: Context, { config }: Resources): void {
  if (safe.has(c.req.method)) return;
  const origin = c.req.header("origin");
  const own = [config.PUBLIC_SITE_BASE, config.PUBLIC_API_BASE].map((base) => new URL(base).origin);
  if (!origin || !own.includes(origin))
    refuse("bad-origin", "The request did not come from the Rushes site.");
}
