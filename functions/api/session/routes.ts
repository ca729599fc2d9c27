import { z } from "zod";
import { me } from "#core/people/person.ts";
import type { ApiFunction } from "#functions/route.ts";

export const loginQuery = z.object({ returnTo: z.string().max(2000).optional() });
export const callbackQuery = z.object({ state: z.string().max(200).optional() });
export const signedOut = z.object({
  /** Where to send the browser to end the session at the provider too. */
  endSessionUrl: z.string().nullable(),
});

export const sessionFunction: ApiFunction = {
  kind: "api",
  name: "session",
  routes: [
    {
      method: "GET",
      path: "/session/login",
      summary: "Start signing in: leads to the provider",
      auth: "none",
      query: loginQuery,
      answer: { status: 302 },
      refusals: ["unavailable"],
    },
    {
      method: "GET",
      path: "/session/callback",
      summary: "Finish signing in: sets the session cookie and leads back to the site",
      auth: "none",
      query: callbackQuery,
      answer: { status: 302 },
    },
    {
      method: "POST",
      path: "/session/logout",
      summary: "Sign out",
      auth: "none",
      answer: { status: 200, schema: signedOut },
      refusals: ["bad-origin"],
    },
    {
      method: "GET",
      path: "/session",
      summary: "Say who is signed in",
      auth: "actor",
      answer: { status: 200, schema: me },
    },
  ],
  touches: { tables: { people: "write", audit_log: "write" }, redis: true },
};
