import { expect, test } from "bun:test";
import { isId, newId, prefixes } from "./id.ts";

test("ids sort by the millisecond they were made", () => {
  const times = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001, 2 ** 48 - 1];
  const ids = times.map((time) => newId("version", time));
  expect([...ids].sort()).toEqual(ids);
});

test("an id is recognised by its kind and by nothing else", () => {
  for (const kind of Object.keys(prefixes) as (keyof typeof prefixes)[])
    expect(isId(kind, newId(kind))).toBe(true);
  const version = newId("version");
  expect(isId("asset", version)).toBe(false);
  expect(isId("version", version.toUpperCase())).toBe(false);
  expect(isId("version", `${version}0`)).toBe(false);
  expect(isId("version", `${version}\n`)).toBe(false);
  expect(isId("version", "ver_")).toBe(false);
});

test("ten thousand ids of one millisecond differ", () => {
  expect(new Set(Array.from({ length: 10_000 }, () => newId("comment", 1))).size).toBe(10_000);
});
