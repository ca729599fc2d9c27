import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot } from "#dev/instance.ts";

/**
 * A clone of the last commit with a home, packages and data of its own. Debian packages that this machine has
 * are not installed again: `dev.fresh_s` is the whole truth on a fresh machine only (add what
 * dev/install-packages.sh reports there, about a minute).
 */
export const openClone = async () => {
  const folder = mkdtempSync(join(tmpdir(), "rushes-fresh-"));
  const clone = join(folder, "rushes");
  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: folder,
    LANG: "C.UTF-8",
    CI: "true",
  };
  // The way out of the machine (proxies, certificates) is the machine's matter and stays.
  const machine = Object.entries(process.env).filter(([name]) =>
    /proxy|^SSL_|_CA_|_CERT|^npm_config_/i.test(name),
  );
  const call = async (argv: string[], cwd = clone): Promise<{ seconds: number; output: string }> => {
    const began = performance.now();
    const child = Bun.spawn(argv, {
      cwd,
      env: { ...Object.fromEntries(machine), ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const output = stdout + stderr;
    if (code !== 0)
      throw new Error(`${argv.join(" ")} ended with ${code}:\n${output.split("\n").slice(-25).join("\n")}`);
    return { seconds: (performance.now() - began) / 1000, output };
  };
  await call(["git", "clone", "-q", "--no-hardlinks", repoRoot, clone], folder);
  return {
    clone,
    call,
    close: async () => {
      await call(["make", "clean"]).catch(() => {});
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
