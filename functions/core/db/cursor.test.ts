import { expect, test } from "bun:test";
import { z } from "zod";
import { cursorOf, pageOf, placeOf, timePlace } from "./cursor.ts";

test("a cursor reads back as the place it names, times exact to the millisecond", () => {
  const at = new Date("2026-01-02T03:04:05.678Z");
  const cursor = cursorOf(7, at.toISOString(), "Ünï");
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(placeOf(cursor, [z.int(), timePlace, z.string()])).toEqual([7, at, "Ünï"]);
  expect(placeOf(undefined, [z.int()])).toBeUndefined();
});

test("a cursor of another list, or of nobody's, is refused", () => {
  for (const cursor of [
    "",
    "x",
    "e30",
    cursorOf("a"),
    cursorOf(1, 2),
    Buffer.from("[").toString("base64url"),
  ])
    expect(() => placeOf(cursor, [z.int()])).toThrow("not from this list");
});

test("a page ends with a cursor only when there is more", () => {
  const page = (rows: number[]) =>
    pageOf(
      rows,
      2,
      (row) => row * 10,
      (row) => [row],
    );
  expect(page([1, 2, 3])).toEqual({ items: [10, 20], nextCursor: cursorOf(2) });
  expect(page([1, 2])).toEqual({ items: [10, 20], nextCursor: null });
  expect(page([])).toEqual({ items: [], nextCursor: null });
});
