import { z } from "zod";
import { refuse } from "../refusal.ts";

/** An opaque cursor: where a page ended, in the order of its list. */
export function cursorOf(...place: (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** The place a cursor of ours names; undefined without one. Refuses a cursor of another list or of nobody's. */
export function placeOf<const Shape extends [z.ZodType, ...z.ZodType[]]>(
  cursor: string | undefined,
  shape: Shape,
): z.output<z.ZodTuple<Shape, null>> | undefined {
  if (cursor === undefined) return undefined;
  try {
    return z.tuple(shape).parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch {
    refuse("invalid", "This cursor is not from this list.", {
      errors: [{ pointer: "?cursor", detail: "send nextCursor as it came" }],
    });
  }
}

/** Columns are timestamptz(3) and a Date has milliseconds, so a time in a cursor is exact. */
export const timePlace = z.iso.datetime().transform((text) => new Date(text));

/** One page from `limit + 1` rows, and the cursor of the next when there is one. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  place: (row: Row) => (string | number | null)[],
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(item),
    nextCursor: last !== undefined && rows.length > limit ? cursorOf(...place(last)) : null,
  };
}
