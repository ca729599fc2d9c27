import { setCookie } from "hono/cookie";
import { Refusal } from "#core/refusal.ts";
import type { Resources } from "#core/resources.ts";
import { id, page } from "#core/shape.ts";
import { createShare } from "#core/shares/create-share.ts";
import { openShare, unlockShare } from "#core/shares/open-share.ts";
import { listShares, listVisits, readShare } from "#core/shares/read-shares.ts";
import { revokeShare } from "#core/shares/revoke-share.ts";
import { createShareInput, shareQuery, unlockInput, updateShareInput } from "#core/shares/share.ts";
import { updateShare } from "#core/shares/update-share.ts";
import { addressOf } from "#http/address.ts";
import { createApp, type RushesApp, type RushesContext } from "#http/app.ts";
import { guestCookie } from "#http/credentials.ts";
import { answer, changed, expectedRevision } from "#http/etag.ts";
import { parseBody, parseParam, parseQuery } from "#http/parse.ts";

/** Links for people without an account: making them, and opening them. */
export function sharesApp(deps: Resources): RushesApp {
  const app = createApp(deps);

  app.get("/shares/open/:token", async (c) => {
    const guest = await visitor(c);
    const seenAs = [addressOf(c, deps.config), c.req.header("user-agent") ?? ""];
    return answer(c, await openShare(deps, c.req.param("token"), guest, seenAs.join("\n")));
  });

  app.post("/shares/open/:token/unlock", async (c) => {
    const input = await parseBody(c, unlockInput);
    const opened = await unlockShare(deps, c.req.param("token"), input);
    const maxAge = Math.max(1, Math.floor((Date.parse(opened.expiresAt) - Date.now()) / 1000));
    setCookie(c, guestCookie, opened.token, {
      httpOnly: true,
      secure: true,
      sameSite: "Lax",
      path: "/",
      maxAge,
    });
    return c.json(opened);
  });

  app.get("/shares", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listShares(deps, actor, parseQuery(c, shareQuery)));
  });

  app.post("/shares", async (c) => {
    const actor = await c.get("actors").need();
    const { share, revision } = await createShare(deps, actor, await parseBody(c, createShareInput));
    c.header("Location", `${deps.config.PUBLIC_API_BASE}/shares/${share.id}`);
    return changed(c, share, revision, 201);
  });

  app.get("/shares/:id", async (c) => {
    const actor = await c.get("actors").need();
    const { share, revision } = await readShare(deps, actor, parseParam(c, "id", id("share")));
    return answer(c, share, revision);
  });

  app.patch("/shares/:id", async (c) => {
    const actor = await c.get("actors").need();
    const shareId = parseParam(c, "id", id("share"));
    const input = await parseBody(c, updateShareInput);
    const { share, revision } = await updateShare(deps, actor, shareId, input, expectedRevision(c));
    return changed(c, share, revision);
  });

  app.delete("/shares/:id", async (c) => {
    const actor = await c.get("actors").need();
    await revokeShare(deps, actor, parseParam(c, "id", id("share")), expectedRevision(c));
    return c.body(null, 204);
  });

  app.get("/shares/:id/visits", async (c) => {
    const actor = await c.get("actors").need();
    return answer(c, await listVisits(deps, actor, parseParam(c, "id", id("share")), parseQuery(c, page)));
  });

  return app;
}

/** An old visit must not keep anybody from opening the link again. */
async function visitor(c: RushesContext) {
  try {
    return await c.get("actors").find();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
