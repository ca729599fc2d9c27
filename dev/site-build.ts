import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repoRoot } from "#dev/instance.ts";
import { logTail, plainEnv, withLock } from "#dev/processes.ts";
import { Stop } from "#dev/say.ts";

const stampFile = join(repoRoot, "site/dist/.sources");

export const sources = [
  "site/src/**/*",
  "site/public/**/*",
  "site/*.{mjs,json,ts}",
  "functions/core/timecode/*.ts",
];

/** A hash over the files that match, and over what is installed. */
export const hashOf = async (patterns: string[]): Promise<string> => {
  const found = patterns.flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: repoRoot, onlyFiles: true }),
  ]);
  const hash = createHash("sha256");
  for (const file of ["package.json", "bun.lock", ...found.sort()])
    hash.update(`${file}\0`).update(await Bun.file(join(repoRoot, file)).bytes());
  return hash.digest("hex");
};

/** Builds the site when its sources changed since the last build. Answers whether it had to. */
export const buildSite = (logFile: string): Promise<boolean> =>
  withLock(join(repoRoot, ".rushes"), "building the site", () => build(logFile));

const build = async (logFile: string): Promise<boolean> => {
  if (!existsSync(join(repoRoot, "site/astro.config.mjs"))) return false;
  const wanted = await hashOf(sources);
  const built = existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted;
  if (built && existsSync(join(repoRoot, "site/dist/server/entry.mjs"))) return false;
  rmSync(stampFile, { force: true });
  const child = Bun.spawn(
    [process.execPath, "--bun", join(repoRoot, "node_modules/.bin/astro"), "build", "--root", "site"],
    {
      cwd: repoRoot,
      env: { ...plainEnv(), ASTRO_TELEMETRY_DISABLED: "1", NODE_ENV: "production" },
      stdin: "ignore",
      stdout: Bun.file(logFile),
      stderr: Bun.file(logFile),
    },
  );
  if ((await child.exited) !== 0)
    throw new Stop(`the site could not be built; ${logFile} ends:\n${logTail(logFile, 30)}`);
  writeFileSync(stampFile, wanted);
  return true;
};
