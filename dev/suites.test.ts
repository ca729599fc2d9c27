import { expect, test } from "bun:test";
import { add, judge } from "#dev/suites.ts";

const clean = { passed: 3, failed: 0, skipped: 1 };

test("a clean run counts as it reports", () => {
  expect(judge(clean, 0)).toEqual({ count: clean, complaint: null });
});

test("a crash counts as one failure", () => {
  expect(judge(null, 139).count).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a suite without tests counts as one failure", () => {
  expect(judge({ passed: 0, failed: 0, skipped: 0 }, 0).count.failed).toBe(1);
});

test("an error between tests counts as one failure", () => {
  expect(judge(clean, 1).count).toEqual({ passed: 3, failed: 1, skipped: 1 });
});

test("failed tests are not counted twice when the run ends badly because of them", () => {
  expect(judge({ passed: 1, failed: 2, skipped: 0 }, 1).count.failed).toBe(2);
});

test("suites are summed", () => {
  expect(add(clean, { passed: 1, failed: 2, skipped: 0 })).toEqual({ passed: 4, failed: 2, skipped: 1 });
});
