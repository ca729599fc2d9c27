import { expect, test } from "bun:test";
import { join } from "node:path";

/** Why the driver is patched, see docs/adr/0005. */
test("while connections break no query is answered with nothing, and the whole pool works again afterwards", async () => {
  const probe = Bun.spawn([process.execPath, join(import.meta.dir, "../support/driver-probe.ts")], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const timer = setTimeout(() => probe.kill("SIGKILL"), 25_000);
  const text = await new Response(probe.stdout).text();
  clearTimeout(timer);
  expect(await probe.exited).toBe(0);
  const { answered, failed, empty, afterwards } = JSON.parse(text) as Record<string, number>;
  expect(empty).toBe(0);
  expect(answered).toBeGreaterThan(50);
  expect(failed).toBeGreaterThan(0);
  expect(afterwards).toBeGreaterThan(20);
}, 30_000);
