/**
 * Plants each mutant in a copy of the tree and runs the suite that must notice it: `bun tests/mutants/run.ts [name]`.
 * Prints which case killed which mutant, and fails when one survived or when the suite is red without any.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mutant, mutants } from "./mutants.ts";

const root = join(import.meta.dir, "../..");
const LIMIT_MS = 90_000;

async function copyTree(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "rushes-mutants-"));
  for (const name of ["functions", "gpu", "dev", "tests", "migrations", "edge"])
    await cp(join(root, name), join(copy, name), { recursive: true });
  for (const name of ["package.json", "tsconfig.json", "bunfig.toml"])
    await cp(join(root, name), join(copy, name));
  for (const name of ["node_modules", ".rushes"]) await symlink(join(root, name), join(copy, name));
  return copy;
}

/** The names of the cases that failed; null when the suite was green. */
async function killersIn(
  copy: string,
  { suite, only }: Pick<Mutant, "suite" | "only">,
): Promise<string[] | null> {
  for (const name of ["out.txt", "errors.txt"]) await rm(join(copy, name), { force: true });
  const child = Bun.spawn([process.execPath, "test", ...(only ? ["-t", only] : []), suite], {
    cwd: copy,
    // Files, not pipes: a process that a mutant left behind would hold a pipe open.
    stdout: Bun.file(join(copy, "out.txt")),
    stderr: Bun.file(join(copy, "errors.txt")),
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const code = await child.exited;
  clearTimeout(timer);
  const [out, errors] = await Promise.all(
    ["out.txt", "errors.txt"].map((name) => readFile(join(copy, name), "utf8")),
  );
  if (code === 0) return null;
  const failed = [...`${out}${errors}`.matchAll(/^\(fail\) (.*?)(?: \[[\d.]+ms\])?$/gm)].map(
    ([, name = ""]) => name,
  );
  return [...new Set(failed)];
}

const wanted = process.argv[2];
const chosen = mutants.filter(({ name }) => !wanted || name === wanted);
const copy = await copyTree();
let survivors = 0;
try {
  for (const suite of new Set(chosen.map(({ suite: name }) => name))) {
    const only = chosen.find((mutant) => mutant.suite === suite)?.only;
    const unharmed = { suite, ...(only ? { only } : {}) };
    // Once more when red: a machine that is busy with something else can be late, a mutant is wrong every time.
    const red = (await killersIn(copy, unharmed)) && (await killersIn(copy, unharmed));
    if (red) throw new Error(`${suite} is red without a mutant: ${red.join("; ")}`);
  }
  for (const mutant of chosen) {
    const file = join(copy, mutant.file);
    const text = await readFile(file, "utf8");
    if (text.split(mutant.find).length !== 2)
      throw new Error(`"${mutant.name}": its place is not found once in ${mutant.file}`);
    await writeFile(
      file,
      text.replace(mutant.find, () => mutant.put),
    );
    const killers = await killersIn(copy, mutant);
    await writeFile(file, text);
    if (!killers) survivors += 1;
    const cases = killers?.map((name) => /\bC\d+\b/.exec(name)?.[0] ?? name) ?? [];
    console.log(`${killers ? "killed  " : "SURVIVED"}  ${mutant.name.padEnd(34)}  ${cases.join(", ")}`);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
console.log(`${chosen.length - survivors} of ${chosen.length} mutants killed`);
process.exit(survivors === 0 ? 0 : 1);
