import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { repoRoot, writePrivate } from "#dev/instance.ts";
import { runCommand, Stop, say, title } from "#dev/say.ts";
import { openStage } from "#dev/stage.ts";
import type { BenchGroup, Figure } from "#tests/bench/figure.ts";

const resultFile = join(repoRoot, ".rushes/bench.json");

const groupFiles = (): Map<string, string> =>
  new Map(
    [...new Bun.Glob("*.ts").scanSync({ cwd: join(repoRoot, "tests/bench"), absolute: true })]
      .map((file): [string, string] => [basename(file, ".ts"), file])
      .filter(([name]) => name !== "figure")
      .sort(([a], [b]) => a.localeCompare(b)),
  );

const isMet = ({ value, target, better }: Figure): boolean =>
  better === "lower" ? value <= target : value >= target;

const round = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

const table = (figures: Figure[]): string => {
  const rows = figures.map((figure) => [
    figure.id,
    `${round(figure.value)} ${figure.unit}`,
    `${figure.better === "lower" ? "≤" : "≥"} ${figure.target} ${figure.unit}`,
    isMet(figure) ? "ok" : "MISSED",
  ]);
  const all = [["figure", "measured", "target", ""], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** Figures of groups that did not run now stay as they were. */
const remember = (figures: Figure[]): void => {
  const before = existsSync(resultFile) ? (JSON.parse(readFileSync(resultFile, "utf8")) as Figure[]) : [];
  const now = new Set(figures.map(({ id }) => id));
  const rows = [...before.filter(({ id }) => !now.has(id)), ...figures];
  writePrivate(
    resultFile,
    `${JSON.stringify(
      rows.sort((a, b) => a.id.localeCompare(b.id)),
      null,
      2,
    )}\n`,
  );
};

const main = async (): Promise<number> => {
  const files = groupFiles();
  const only = process.argv[2];
  if (only && !files.has(only))
    throw new Stop(`there is no group ${only}; there are: ${[...files.keys()].join(", ")}`);
  const stage = openStage();
  const figures: Figure[] = [];
  let failed = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => void stage.close().finally(() => process.exit(130)));
  try {
    for (const [name, file] of files) {
      if (only && name !== only) continue;
      title(name);
      try {
        const { group } = (await import(file)) as { group: BenchGroup };
        if (group.needs !== "nothing") await stage.servers();
        if (group.needs === "product") Object.assign(process.env, await stage.product());
        const rows = await group.measure(say);
        figures.push(...rows.map((row) => ({ ...row, value: Math.round(row.value * 1000) / 1000 })));
      } catch (error) {
        failed += 1;
        say(`! ${name}: ${error instanceof Stop ? error.message : Bun.inspect(error)}`);
      }
    }
  } finally {
    await stage.close();
  }
  remember(figures);
  process.stdout.write(`\n${table(figures)}\n\nwritten to .rushes/bench.json\n`);
  return failed === 0 && figures.every(isMet) ? 0 : 1;
};

await runCommand(main);
