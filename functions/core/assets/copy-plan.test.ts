import { expect, test } from "bun:test";
import { copyLimits, planCopy, rangesOf } from "./copy-plan.ts";

const MIB = 1024 * 1024;

test("a copy goes in one request while it is quick, in parts beyond", () => {
  expect(planCopy(copyLimits.singleMaxBytes)).toEqual({ kind: "single" });
  expect(planCopy(copyLimits.singleMaxBytes + 1)).toEqual({ kind: "parts", partBytes: copyLimits.partBytes });
  // Whatever is configured, S3 copies no more than 5 GiB in one request.
  expect(planCopy(5 * 1024 * MIB + 1, { ...copyLimits, singleMaxBytes: 9e15 }).kind).toBe("parts");
});

test("ranges cover every byte once and fit 10,000 parts up to 5 TB", () => {
  for (const bytes of [300 * MIB, 5_497_558_138_880, 1_000_000_007]) {
    const plan = planCopy(bytes, { ...copyLimits, singleMaxBytes: 1 });
    if (plan.kind !== "parts") throw new Error("parts expected");
    const ranges = rangesOf(bytes, plan.partBytes);
    expect(ranges.length).toBeLessThanOrEqual(10_000);
    expect(ranges[0]?.first).toBe(0);
    expect(ranges.at(-1)?.last).toBe(bytes - 1);
    expect(ranges.every(({ first }, i) => i === 0 || first === (ranges[i - 1]?.last ?? 0) + 1)).toBe(true);
  }
});
