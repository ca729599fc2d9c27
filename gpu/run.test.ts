import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { run } from "./run.ts";
import { openSandbox } from "./sandbox.ts";

test("a program that cannot be started leaves nothing behind that feeds it", async () => {
  const sandbox = { ...openSandbox(), wrap: () => ({ command: "/nowhere/ffmpeg", argv: [] }) };
  let feeds = 0;
  const started = run(sandbox, {
    command: "ffmpeg",
    argv: [],
    cwd: tmpdir(),
    limits: { memoryBytes: null, cpuSeconds: 1, fileBytes: 0 },
    signal: AbortSignal.timeout(5_000),
    feed: async (_, failed) => {
      feeds++;
      while (!failed.aborted) await Bun.sleep(1);
      await Bun.sleep(20);
      feeds--;
    },
  });
  await expect(started).rejects.toMatchObject({ code: "ENOENT" });
  expect(feeds).toBe(0);
});
