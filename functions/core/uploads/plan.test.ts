import { expect, test } from "bun:test";
import { partCount, partLength, planUpload } from "./plan.ts";

const MIB = 1024 * 1024;
const TB5 = 5_497_558_138_880;

test("small files go in one request, larger ones in parts", () => {
  expect(planUpload(1)).toEqual({ method: "put" });
  expect(planUpload(32 * MIB)).toEqual({ method: "put" });
  expect(planUpload(32 * MIB + 1)).toEqual({ method: "multipart", partBytes: 16 * MIB });
});

test("every size up to 5 TB fits 10,000 parts of at most 5 GiB", () => {
  for (let bytes = 33 * MIB; bytes <= TB5; bytes = Math.floor(bytes * 1.37)) {
    const plan = planUpload(bytes);
    if (plan.method !== "multipart") throw new Error("parts expected");
    expect(partCount(bytes, plan.partBytes)).toBeLessThanOrEqual(10_000);
    expect(plan.partBytes % MIB).toBe(0);
    expect(plan.partBytes).toBeLessThanOrEqual(5120 * MIB);
  }
  const largest = planUpload(TB5);
  if (largest.method !== "multipart") throw new Error("parts expected");
  expect(partCount(TB5, largest.partBytes)).toBeLessThanOrEqual(10_000);
});

test("part lengths add up to the file", () => {
  const bytes = 40 * MIB + 7;
  const lengths = [1, 2, 3].map((n) => partLength(bytes, 16 * MIB, n));
  expect(lengths).toEqual([16 * MIB, 16 * MIB, 8 * MIB + 7]);
});
