import { createHash } from "node:crypto";
import type { Context } from "hono";
import { refuse } from "#core/refusal.ts";

/** A strong validator of `body`; with a revision in front where the resource can be changed. */
export function etagOf(body: unknown, revision?: number): string {
  return tagOf(JSON.stringify(body), revision);
}

function tagOf(text: string, revision: number | undefined): string {
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 20);
  return revision === undefined ? `"${hash}"` : `"${revision}.${hash}"`;
}

/** Answers a read: 304 when the caller has it already. Revalidated each time, since rights may change. */
export function answer(c: Context, body: unknown, revision?: number): Response {
  const text = JSON.stringify(body);
  const etag = tagOf(text, revision);
  c.header("ETag", etag);
  c.header("Cache-Control", "private, no-cache");
  const known = c.req.header("if-none-match");
  if (known?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*"))
    return c.body(null, 304);
  return c.body(text, 200, { "Content-Type": "application/json" });
}

/**
 * The revision the caller has seen, from `If-Match`; undefined for `*`. Only the revision part counts:
 * a count that moved since (open comments, views) is no reason to refuse a rename.
 */
export function expectedRevision(c: Context): number | undefined {
  const header = c.req.header("if-match")?.trim();
  if (!header) refuse("needs-if-match", "Read the resource first and send its ETag as If-Match.");
  if (header === "*") return undefined;
  const match = /^"(\d{1,9})\.[\w-]+"$/.exec(header);
  if (!match) refuse("stale", "If-Match does not name a state of this resource.");
  return Number(match[1]);
}

/** Answers a change with the new state and its tag, so that the next change needs no read. */
export function changed(c: Context, body: object, revision: number, status: 200 | 201 = 200): Response {
  c.header("ETag", etagOf(body, revision));
  return c.json(body, status);
}
