import type { Context } from "hono";
import type { z } from "zod";
import { refuse } from "#core/refusal.ts";

export const maxBodyBytes = 2_000_000;
const maxDepth = 64;

/** The JSON body as `schema` reads it. Refuses with one error per field, each with its JSON pointer. */
export async function parseBody<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const text = await c.req.text();
  if (text.length > maxBodyBytes) refuse("too-large", `The body may have at most ${maxBodyBytes} bytes.`);
  const type = c.req.header("content-type") ?? "";
  if (text !== "" && !/^application\/(json|[\w.+-]*\+json)\b/i.test(type))
    refuse("invalid", "Send the body as application/json.", {
      errors: [{ pointer: "", detail: `Content-Type is ${type === "" ? "missing" : "not JSON"}` }],
    });
  let body: unknown = {};
  if (text !== "")
    try {
      body = JSON.parse(text);
    } catch {
      refuse("invalid", "The body is not JSON.", { errors: [{ pointer: "", detail: "malformed JSON" }] });
    }
  const fault = faultIn(body);
  if (fault) refuse("invalid", `${fault.pointer || "The body"}: ${fault.detail}`, { errors: [fault] });
  return parse(schema, body, pointerOf);
}

const pointerOf = (path: PropertyKey[]) =>
  path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/**
 * What is JSON and still cannot be stored: NUL and lone surrogates (Postgres refuses both in text or jsonb),
 * and nesting so deep that a schema which calls itself would run out of stack.
 */
function faultIn(body: unknown): { pointer: string; detail: string } | undefined {
  const open: { value: unknown; path: PropertyKey[] }[] = [{ value: body, path: [] }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next;
    const detail =
      typeof value === "string" ? faultOf(value) : path.length > maxDepth ? "nested too deeply" : "";
    if (detail) return { pointer: path.length > maxDepth ? "" : pointerOf(path), detail };
    if (value === null || typeof value !== "object") continue;
    for (const [key, inner] of Object.entries(value)) {
      const inKey = faultOf(key);
      if (inKey) return { pointer: pointerOf(path), detail: `a field name ${inKey}` };
      open.push({ value: inner, path: [...path, key] });
    }
  }
  return undefined;
}

function faultOf(text: string): string {
  if (text.includes("\0")) return "must not contain NUL";
  return text.isWellFormed() ? "" : "must be well-formed Unicode";
}

/** The query string as `schema` reads it; a repeated parameter counts once, an empty one as left out, as forms send it. */
export function parseQuery<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  const given = Object.entries(c.req.query()).filter(([, value]) => value !== "");
  return parse(schema, Object.fromEntries(given), (path) => `?${path.join(".")}`);
}

/** A path parameter as `schema` reads it. A malformed id cannot exist, so it answers 404. */
export function parseParam<S extends z.ZodType>(c: Context, name: string, schema: S): z.output<S> {
  const parsed = schema.safeParse(c.req.param(name));
  if (!parsed.success) refuse("not-found", `There is nothing at this address.`);
  return parsed.data;
}

function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
  pointer: (path: PropertyKey[]) => string,
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues
    .slice(0, 20)
    .map((issue) => ({ pointer: pointer(issue.path), detail: issue.message }));
  const first = errors[0];
  refuse("invalid", first ? `${first.pointer || "The body"}: ${first.detail}` : "The request is not valid.", {
    errors,
  });
}
