import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openClone } from "./dev/clone.ts";
import type { BenchGroup } from "./figure.ts";

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
      return [
        { id: "dev.fresh_s", value: fresh.seconds, unit: "s", target: 360, better: "lower" },
        { id: "dev.repeat_s", value: repeat.seconds, unit: "s", target: 40, better: "lower" },
        { id: "stack.idle_mb", value: idleMb, unit: "MB", target: 1500, better: "lower" },
      ];
    } finally {
      await close();
    }
  },
};
