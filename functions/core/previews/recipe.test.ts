import { expect, test } from "bun:test";
import { contentKey, isCube, recipeHash, recipeSchema } from "./recipe.ts";

const cube = `TITLE "flat"\nLUT_3D_SIZE 2\n${Array.from({ length: 8 }, (_, i) => `${i & 1} ${(i >> 1) & 1} ${i >> 2}`).join("\n")}\n`;

test("recipes that make the same bytes have the same hash", () => {
  const standard = recipeHash({});
  expect(recipeHash({ ladder: [360, 480, 720, 1080] })).toBe(standard);
  expect(recipeHash({ ladder: [1080, 1080, 720, 480, 360] })).toBe(standard);
  expect(recipeHash({ watermark: "Ava", ladder: [720] })).toBe(
    recipeHash({ ladder: [720], watermark: "Ava" }),
  );
});

test("every setting changes the hash", () => {
  const hashes = [
    {},
    { ladder: [720 as const] },
    { watermark: "for Ava" },
    { lut: cube },
    { loudness: -23 },
    { loudness: -16 },
  ].map(recipeHash);
  expect(new Set(hashes).size).toBe(hashes.length);
});

test("the content address depends on master, recipe and tool", () => {
  const keys = [
    contentKey("a", "b", "c"),
    contentKey("x", "b", "c"),
    contentKey("a", "x", "c"),
    contentKey("a", "b", "x"),
  ];
  expect(new Set(keys).size).toBe(4);
});

test("a .cube table is accepted only when it is complete and holds nothing else", () => {
  expect(isCube(cube)).toBe(true);
  expect(isCube(cube.replace("LUT_3D_SIZE 2", "LUT_3D_SIZE 3"))).toBe(false);
  expect(isCube(`${cube}movie=/etc/passwd\n`)).toBe(false);
  expect(isCube("LUT_3D_SIZE 900\n")).toBe(false);
  expect(isCube("")).toBe(false);
});

test("a recipe refuses unknown settings, unknown rungs and control characters", () => {
  expect(recipeSchema.safeParse({}).success).toBe(true);
  expect(recipeSchema.safeParse({ ladder: [1000] }).success).toBe(false);
  expect(recipeSchema.safeParse({ preset: "slow" }).success).toBe(false);
  expect(recipeSchema.safeParse({ watermark: "a\nb" }).success).toBe(false);
  expect(recipeSchema.safeParse({ watermark: "Ävä: 'x' %{pts} \\" }).success).toBe(true);
});
