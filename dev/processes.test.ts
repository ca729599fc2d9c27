import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

test("a lock is held by one at a time, however many ask at once, and outlives no holder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rushes-lock-test-"));
  const count = join(folder, "count");
  writeFileSync(count, "0");
  // Left behind by somebody who died.
  writeFileSync(join(folder, "counting.lock.pid"), "4194304 1\n");
  const script = `import { withLock } from "#dev/processes.ts";
    import { readFileSync, writeFileSync } from "node:fs";
    for (let i = 0; i < 4; i++)
      await withLock(${JSON.stringify(folder)}, "counting", async () => {
        const n = Number(readFileSync(${JSON.stringify(count)}, "utf8"));
        await Bun.sleep(2);
        writeFileSync(${JSON.stringify(count)}, String(n + 1));
      });`;
  const asking = Array.from({ length: 6 }, () =>
    Bun.spawn([process.execPath, "-e", script], { cwd: join(import.meta.dir, ".."), stdout: "ignore" }),
  );
  expect(await Promise.all(asking.map(({ exited }) => exited))).toEqual([0, 0, 0, 0, 0, 0]);
  expect(readFileSync(count, "utf8")).toBe("24");
  rmSync(folder, { recursive: true });
}, 60_000);
