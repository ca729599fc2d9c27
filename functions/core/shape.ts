import { z } from "zod";
import { type IdKind, isId } from "./id.ts";

/** An id of one kind, as in `ver_…`. */
export const id = (kind: IdKind) =>
  z.string().refine((text) => isId(kind, text), { error: `must be the id of a ${kind}` });

/** ISO 8601 in UTC. */
export const time = z.iso.datetime();

/** Words typed by people: trimmed, not empty, no NUL (Postgres cannot store it). */
export const words = (max: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be empty")
    // Characters as people count them: 255 emoji are 255, though twice as many UTF-16 units.
    .max(max * 2, `must have at most ${max} characters`)
    .refine((text) => [...text].length <= max, { error: `must have at most ${max} characters` })
    .meta({ maxLength: max })
    .refine((text) => !text.includes("\0"), { error: "must not contain NUL" });

/** A file or folder name in any script. It is shown, never used as a path or key. */
export const fileName = words(255);

export const xxh128 = z.string().regex(/^[0-9a-f]{32}$/, "must be 32 lower-case hex digits");
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");

/** A list's query: opaque cursor and page size. */
export const page = z.object({
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** Who did something, as others may see them. */
export const author = z.object({
  kind: z.enum(["person", "key", "guest", "system"]),
  id: z.string().nullable(),
  name: z.string(),
});
export type Author = z.infer<typeof author>;
