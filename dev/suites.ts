import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "#dev/instance.ts";

/** What a suite needs to run, and where its tests are. */
export type Suite = {
  name: string;
  files: string[];
  needs: "nothing" | "servers" | "product";
  /** whether `make test` runs it; the others have a target of their own */
  always: boolean;
};

export const suites: readonly Suite[] = [
  {
    name: "unit",
    files: ["{functions,gpu,edge,dev,cli,stacks}/**/*.test.ts", "site/src/**/*.test.{ts,tsx}"],
    needs: "nothing",
    always: true,
  },
  { name: "contract", files: ["tests/contract/**/*.test.ts"], needs: "servers", always: true },
  { name: "integration", files: ["tests/integration/**/*.test.ts"], needs: "servers", always: true },
  { name: "edge", files: ["tests/edge/**/*.test.ts"], needs: "servers", always: true },
  { name: "gpu", files: ["tests/gpu/**/*.test.ts"], needs: "servers", always: true },
  {
    name: "infra",
    files: ["tests/infra/**/*.test.ts"],
    needs: "nothing",
    always: existsSync(join(repoRoot, "tests/infra")),
  },
  { name: "e2e", files: ["tests/e2e/**/*.test.ts"], needs: "product", always: true },
  // The faults that take seconds; `make chaos` runs all of them, and the soak.
  {
    name: "faults",
    files: ["tests/chaos/{01,02,05,10,12,14,15,16,17,18,19,20,21,22,23,24,25,27,28,29,30}-*.test.ts"],
    needs: "servers",
    always: true,
  },
  { name: "chaos", files: ["tests/chaos/**/*.test.ts"], needs: "servers", always: false },
  { name: "load", files: ["tests/load/**/*.test.ts"], needs: "product", always: false },
];

export type Count = { passed: number; failed: number; skipped: number };

export const add = (a: Count, b: Count): Count => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** The files of a suite; installed packages and build output hold tests of their own, which are not ours. */
export const filesOf = (suite: Suite): string[] =>
  suite.files
    .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: repoRoot, onlyFiles: true })])
    .filter((file) => !/(^|\/)(node_modules|dist|\.[^/]+)\//.test(file))
    .sort()
    .map((file) => `./${file}`);

const attribute = (tag: string, name: string): number =>
  Number(new RegExp(` ${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);

/** The totals of a JUnit report; null when there is none, as after a crash. */
export const readReport = (file: string): Count | null => {
  if (!existsSync(file)) return null;
  const root = /<testsuites [^>]*>/.exec(readFileSync(file, "utf8"))?.[0];
  if (!root) return null;
  const failed = attribute(root, "failures") + attribute(root, "errors");
  const skipped = attribute(root, "skipped");
  return { passed: attribute(root, "tests") - failed - skipped, failed, skipped };
};

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&", "#10": "\n" };
const plain = (xml: string): string =>
  xml.replace(/&(lt|gt|quot|apos|amp|#10);/g, (_, name) => entities[name] ?? "");

/** The failed tests of a JUnit report, each in a line or two: where, which, and what it said first. */
export const failuresOf = (file: string): string[] => {
  if (!existsSync(file)) return [];
  const cases = readFileSync(file, "utf8").matchAll(/<testcase ([^>]*)>\s*<failure ([^>]*)>/g);
  return [...cases].map(([, test = "", failure = ""]) => {
    const of = (tag: string, name: string) => plain(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
    const said = of(failure, "message").replace(/\s+/g, " ").slice(0, 300);
    return `${of(test, "file")}:${of(test, "line")} ${of(test, "name")} (${Number(of(test, "time")).toFixed(1)} s)\n    ${said}`;
  });
};

/**
 * What a suite's run counts as. A run that ended badly without naming a failed test (a crash, a timeout, an
 * error between tests) and a run without any test each count as one failure.
 */
export const judge = (report: Count | null, exitCode: number): { count: Count; complaint: string | null } => {
  if (!report) return { count: { passed: 0, failed: 1, skipped: 0 }, complaint: "it ended without a report" };
  if (report.passed + report.failed + report.skipped === 0)
    return { count: { ...report, failed: 1 }, complaint: "it ran no test" };
  if (exitCode !== 0 && report.failed === 0)
    return {
      count: { ...report, failed: 1 },
      complaint: `every test passed, but it ended with code ${exitCode}`,
    };
  return { count: report, complaint: null };
};
