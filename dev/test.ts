import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "#dev/instance.ts";
import { runCommand, Stop, say, title } from "#dev/say.ts";
import { openStage } from "#dev/stage.ts";
import { add, type Count, failuresOf, filesOf, judge, readReport, type Suite, suites } from "#dev/suites.ts";

const SUITE_LIMIT_MS = 25 * 60_000;
const none: Count = { passed: 0, failed: 0, skipped: 0 };
let current: Bun.Subprocess | null = null;
let stopped = false;
/** Said again at the end, where whoever reads only the last lines finds it. */
const failures: string[] = [];

const execute = async (argv: string[], env: Record<string, string> = {}, folder = ""): Promise<number> => {
  if (stopped) throw new Stop("stopped");
  const child = Bun.spawn(argv, {
    cwd: join(repoRoot, folder),
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  current = child;
  const timer = setTimeout(() => {
    say(`! it took more than ${SUITE_LIMIT_MS / 60_000} minutes and is ended`);
    child.kill("SIGKILL");
  }, SUITE_LIMIT_MS);
  const code = await child.exited;
  clearTimeout(timer);
  current = null;
  return code;
};

const tool = (name: string): string[] => [
  process.execPath,
  "--bun",
  join(repoRoot, "node_modules/.bin", name),
];

/** Types, then lint and format, then the site's own types; each counts as one test. */
const check = async (): Promise<Count> => {
  const steps: [string, string[], string?][] = [
    ["types", [...tool("tsc"), "-p", "tsconfig.json", "--noEmit"]],
    ["lint and format", [join(repoRoot, "node_modules/.bin/biome"), "check", "."]],
  ];
  if (existsSync(join(repoRoot, "site/astro.config.mjs")))
    steps.push([
      "types of the site",
      [...tool("astro-check"), "--tsconfig", "./tsconfig.json", "--minimumSeverity", "error"],
      "site",
    ]);
  let count = none;
  for (const [name, argv, folder] of steps) {
    title(name);
    const code = await execute(argv, {}, folder);
    count = add(count, code === 0 ? { ...none, passed: 1 } : { ...none, failed: 1 });
    say(code === 0 ? `${name}: fine` : `${name}: failed`);
    if (code !== 0) failures.push(`${name}: see above`);
  }
  return count;
};

const runSuite = async (suite: Suite, reports: string, env: Record<string, string>): Promise<Count> => {
  title(suite.name);
  const files = filesOf(suite);
  const report = join(reports, `${suite.name}.xml`);
  rmSync(report, { force: true });
  const limitMs = suite.needs === "nothing" ? 20_000 : 120_000;
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const code =
    files.length === 0
      ? 0
      : await execute([process.execPath, "test", `--timeout=${limitMs}`, ...reporter, ...files], env);
  const { count, complaint } = judge(files.length === 0 ? none : readReport(report), code);
  failures.push(...failuresOf(report).map((failure) => `${suite.name}: ${failure}`));
  if (complaint) {
    say(`! ${suite.name}: ${complaint}`);
    failures.push(`${suite.name}: ${complaint}`);
  }
  say(`${suite.name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  return count;
};

const main = async (): Promise<number> => {
  const asked = process.argv[2];
  const chosen = asked ? suites.filter(({ name }) => name === asked) : suites.filter(({ always }) => always);
  const checks = !asked || asked === "check";
  if (!checks && chosen.length === 0)
    throw new Stop(
      `there is no suite ${asked}; there are: check, ${suites.map(({ name }) => name).join(", ")}`,
    );
  const reports = join(repoRoot, ".rushes/reports");
  mkdirSync(reports, { recursive: true });
  const stage = openStage();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      stopped = true;
      current?.kill(signal);
    });
  let total = none;
  try {
    if (checks) total = add(total, await check());
    for (const suite of chosen) {
      if (suite.needs !== "nothing") await stage.servers();
      const env = suite.needs === "product" ? await stage.product() : {};
      total = add(total, await runSuite(suite, reports, env));
    }
  } catch (error) {
    failures.push(error instanceof Stop ? error.message : Bun.inspect(error));
    total = add(total, { ...none, failed: 1 });
  } finally {
    await stage.close();
  }
  if (failures.length > 0) process.stdout.write(`\nWhat failed:\n${failures.join("\n")}\n`);
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  return total.failed === 0 ? 0 : 1;
};

await runCommand(main);
