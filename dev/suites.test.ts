import { expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { add, failuresOf, judge } from "#dev/suites.ts";

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

test("the failed tests of a report are told with their place and what they said", () => {
  const report = join(mkdtempSync(join(tmpdir(), "rushes-report-")), "report.xml");
  writeFileSync(
    report,
    `<testsuites name="bun test" tests="2" failures="1"><testsuite name="a.test.ts">
      <testcase name="fine" classname="" time="0.1" file="a.test.ts" line="2" assertions="1" />
      <testcase name="a &lt;b&gt;" classname="" time="0.02" file="a.test.ts" line="3" assertions="1">
        <failure type="AssertionError" message="expected&#10;  1 &amp;lt; 2">AssertionError</failure>
      </testcase></testsuite></testsuites>`,
  );
  expect(failuresOf(report)).toEqual(["a.test.ts:3 a <b> (0.0 s)\n    expected 1 &lt; 2"]);
});
