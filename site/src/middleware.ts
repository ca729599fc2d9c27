import { defineMiddleware } from "astro:middleware";
import { noteVisitor, settings } from "./server/api.ts";
import { pageFor } from "./server/instead.ts";
import { sessionOf } from "./server/session.ts";

const open = /^\/(signin|s\/|404|500|trouble|favicon|_astro\/|_server-islands)/;

/** Who asks, in which theme; people who are not signed in are sent to do so and come back. */
export const onRequest = defineMiddleware(
  async ({ request, url, locals, cookies, clientAddress, redirect, rewrite }, next) => {
    noteVisitor(request, clientAddress);
    // A little early, for clocks that differ: an event told twice does no harm, one that is missed does.
    locals.since = new Date(Date.now() - 2000).toISOString();
    locals.theme = cookies.get("rushes_theme")?.value === "light" ? "light" : "dark";
    if (!locals.session) {
      const session = await sessionOf(request);
      if (typeof session === "number") {
        locals.apiStatus = session;
        if (!open.test(url.pathname)) return rewrite(pageFor(session));
      } else locals.session = session;
    }
    if (!locals.session && !open.test(url.pathname))
      return redirect(`/signin?returnTo=${encodeURIComponent(url.pathname + url.search)}`, 302);
    const response = await next();
    if (response.headers.get("content-type")?.includes("text/html")) {
      response.headers.set("Cache-Control", "private, no-store");
      response.headers.set("Content-Security-Policy", policy());
      response.headers.set("X-Content-Type-Options", "nosniff");
      // Share links carry their secret in the path; no other site may learn it.
      response.headers.set("Referrer-Policy", "same-origin");
    }
    return response;
  },
);

/** Islands are started by small inline scripts of Astro's, hence `unsafe-inline`; the rest is closed. */
function policy(): string {
  const { apiBase, edgeBase } = settings();
  const [api, edge] = [new URL(apiBase).origin, new URL(edgeBase).origin];
  return [
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    `img-src 'self' data: blob: ${edge} ${api}`,
    `media-src 'self' blob: ${edge}`,
    // Uploads go straight to the storage, whose address only the API knows.
    `connect-src 'self' ${api} ${edge} https:${apiBase.startsWith("http:") ? " http:" : ""}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action 'self' ${api}`,
  ].join("; ");
}
