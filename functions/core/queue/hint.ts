import { z } from "zod";

export const HINT_VERSION = 1;

/** The only thing a message carries: which row to look at, and the trace that asked for it. */
const hintSchema = z.object({
  v: z.literal(HINT_VERSION),
  id: z.string().min(1).max(200),
  traceparent: z
    .string()
    .regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    .optional(),
});
export type Hint = z.infer<typeof hintSchema>;

export const MAX_BODY_BYTES = 65_536;

/** What a reader can say about a body. `newer` belongs to the next release: hand it back, do not bury it. */
export type Decoded =
  | { kind: "hint"; hint: Hint }
  | { kind: "newer"; version: number }
  | { kind: "unreadable" };

export function hintOf(id: string, traceparent?: string): Hint {
  return traceparent === undefined ? { v: 1, id } : { v: 1, id, traceparent };
}

export function encodeHint(hint: Hint): string {
  const text = JSON.stringify(hintSchema.parse(hint));
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) throw new RangeError("a queue message is limited to 64 KB");
  return text;
}

/** Unknown fields are ignored, so that a release may add one before anybody reads it. */
export function decodeHint(text: string): Decoded {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "unreadable" };
  }
  const parsed = hintSchema.safeParse(json);
  if (parsed.success) return { kind: "hint", hint: parsed.data };
  const version = z.object({ v: z.number().int() }).safeParse(json);
  if (version.success && version.data.v > HINT_VERSION) return { kind: "newer", version: version.data.v };
  return { kind: "unreadable" };
}

/** The trace id of a W3C `traceparent`, for people who look for the trace of a dead letter. */
export function traceIdOf(hint: Hint | null): string | null {
  return hint?.traceparent?.split("-")[1] ?? null;
}
