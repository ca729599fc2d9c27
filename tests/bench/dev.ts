import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot } from "#dev/instance.ts";
import type { BenchGroup } from "./figure.ts";

/**
 * A clone of the last commit with a home, packages and data of its own. Debian packages that this machine has
 * are not installed again: `dev.fresh_s` is the whole truth on a fresh machine only (add what
 * dev/install-packages.sh reports there, about a minute).
 */
const openClone = async () => {
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

/** Megabytes held by the processes below a clone's run folders, shared pages counted once. */
const memoryOf = (runDir: string): number => {
  const roots = readdirSync(runDir)
    .filter((name) => name.endsWith(".pid"))
    .map((name) => Number(readFileSync(join(runDir, name), "utf8").split(" ")[0]));
  const seen = new Set<number>();
  const visit = (pid: number): number => {
    if (seen.has(pid)) return 0;
    seen.add(pid);
    try {
      const kb = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
        .trim()
        .split(" ")
        .filter(Boolean);
      return kb / 1024 + children.reduce((sum, child) => sum + visit(Number(child)), 0);
    } catch {
      // It ended while we were counting.
      return 0;
    }
  };
  return roots.reduce((sum, pid) => sum + visit(pid), 0);
};

/** Waits until the stack rests: the demo is built to its end. */
const idle = async (clone: string): Promise<void> => {
  const access = JSON.parse(readFileSync(join(clone, ".rushes/dev.json"), "utf8"));
  const authorization = `Bearer ${access.apiKey}`;
  for (let tries = 0; tries < 120; tries++) {
    const response = await fetch(`${access.urls.api}/versions/${access.asset.versionId}`, {
      headers: { authorization },
    });
    if (((await response.json()) as { state: string }).state === "ready") break;
    await Bun.sleep(1000);
  }
  await Bun.sleep(10_000);
};

export const group: BenchGroup = {
  needs: "nothing",
  async measure(say) {
    const { clone, call, close } = await openClone();
    try {
      const fresh = await call(["make", "up"]);
      if (fresh.output.includes("demo could not be made")) throw new Error(fresh.output);
      say(`fresh: ${fresh.seconds.toFixed(1)} s`);
      await idle(clone);
      const idleMb = memoryOf(join(clone, ".rushes/dev/run"));
      say(`idle: ${idleMb.toFixed(0)} MB`);
      await call(["make", "down"]);
      const repeat = await call(["make", "up"]);
      say(`repeat: ${repeat.seconds.toFixed(1)} s`);
      await call(["make", "down"]);
      const test = await call(["make", "test"]);
      say(`test: ${test.seconds.toFixed(0)} s, ${test.output.trimEnd().split("\n").at(-1)}`);
      return [
        { id: "dev.fresh_s", value: fresh.seconds, unit: "s", target: 360, better: "lower" },
        { id: "dev.repeat_s", value: repeat.seconds, unit: "s", target: 40, better: "lower" },
        { id: "stack.idle_mb", value: idleMb, unit: "MB", target: 1500, better: "lower" },
        { id: "test.total_s", value: test.seconds, unit: "s", target: 900, better: "lower" },
      ];
    } finally {
      await close();
    }
  },
};
