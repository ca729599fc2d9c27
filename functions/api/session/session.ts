import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { findSession } from "#core/auth/sessions.ts";
import { beginSignIn, finishSignIn, signInSeconds, signOut } from "#core/auth/sign-in.ts";
import { findPerson } from "#core/people/store.ts";
import { Refusal, refuse } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import { createApp, type RushesApp, type RushesContext } from "#http/app.ts";
import { guestCookie, sessionCookie } from "#http/credentials.ts";
import { parseQuery } from "#http/parse.ts";
import { callbackQuery, loginQuery } from "./routes.ts";

const cookie = { httpOnly: true, secure: true, sameSite: "Lax", path: "/" } as const;
/** One per attempt, so that two tabs may sign in at once. */
const attemptCookie = (state: string) => `__Host-rushes_attempt_${state.slice(0, 12)}`;

/** Signing in with the OpenID provider, and out. */
export function sessionApp(deps: Resources): RushesApp {
  const app = createApp(deps);
  const { config } = deps;

  app.get("/session/login", async (c) => {
    const { returnTo } = parseQuery(c, loginQuery);
    const { url, state } = await beginSignIn(deps, returnTo).catch((error) => failed(c, error));
    if (state) setCookie(c, attemptCookie(state), state, { ...cookie, maxAge: signInSeconds });
    return c.redirect(url, 302);
  });

  app.get("/session/callback", async (c) => {
    const { state = "" } = parseQuery(c, callbackQuery);
    // A sign-in that another browser started must not end in this one: its owner would work in a stranger's name.
    const own = state === "" ? undefined : getCookie(c, attemptCookie(state));
    try {
      if (own === undefined || own !== state)
        refuse("unauthenticated", "This sign-in was not started in this browser, or has expired.");
      deleteCookie(c, attemptCookie(state), cookie);
      const { secret, expiresAt, returnTo } = await finishSignIn(deps, {
        search: new URL(c.req.url).search,
        state,
      });
      const maxAge = Math.max(1, Math.round((Date.parse(expiresAt) - Date.now()) / 1000));
      setCookie(c, sessionCookie, secret, { ...cookie, maxAge });
      return c.redirect(new URL(returnTo, config.PUBLIC_SITE_BASE).href, 302);
    } catch (error) {
      return c.redirect(failed(c, error).url, 302);
    }
  });

  app.post("/session/logout", async (c) => {
    await c
      .get("actors")
      .find()
      .catch((error) => {
        if (error instanceof Refusal && error.code === "bad-origin") throw error;
      });
    const url = await signOut(deps, getCookie(c, sessionCookie));
    deleteCookie(c, sessionCookie, cookie);
    deleteCookie(c, guestCookie, cookie);
    if (c.req.header("accept")?.includes("text/html")) return c.redirect(url ?? config.PUBLIC_SITE_BASE, 303);
    return c.json({ endSessionUrl: url ?? null });
  });

  app.get("/session", async (c) => {
    const actor = await c.get("actors").need();
    const personId = actor.kind === "key" ? actor.personId : actor.id;
    const person = actor.kind === "guest" ? undefined : await findPerson(deps.sql, personId);
    if (!person) refuse("unauthenticated", "Nobody is signed in.");
    const secret = c.req.header("authorization") === undefined ? getCookie(c, sessionCookie) : undefined;
    const session = secret ? await findSession(deps, secret) : undefined;
    const { id, name, email, admin } = person;
    return c.json({ person: { id, name, email, admin }, expiresAt: session?.expiresAt ?? null });
  });

  /** A browser is on its way: it gets a page that says what happened instead of JSON. */
  function failed(c: RushesContext, error: unknown): { url: string; state: "" } {
    if (!(error instanceof Refusal))
      deps.log.error({ err: error, requestId: c.get("requestId") }, "a sign-in broke");
    const url = new URL("/signin", config.PUBLIC_SITE_BASE);
    url.searchParams.set("problem", error instanceof Refusal ? error.code : "internal");
    url.searchParams.set("request", c.get("requestId"));
    return { url: url.href, state: "" };
  }
  return app;
}
