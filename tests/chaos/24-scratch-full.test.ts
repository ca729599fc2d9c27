import { expect, test } from "bun:test";
import { clip } from "#tests/fixtures/clips.ts";
import { addMaster } from "#tests/support/previews.ts";
import { startWorker } from "#tests/support/worker.ts";
import { expectBuilt, inBuilds } from "./world/builds.ts";

test.each([
  ["would fill the scratch disk", { scratchMaxBytes: 300_000, fileBytes: 1_000 }, "scratch-full"],
  ["would never end", { deadlineFactor: 0.001 }, "deadline"],
])(
  "a build that %s is stopped with a reason",
  (_, limits, code) =>
    inBuilds(async ({ room, inState }) => {
      const worker = await startWorker(room, { tools: { ...limits, toolVersion: code } });
      try {
        const { versionId } = await addMaster(room, await clip(12));
        expect((await inState(versionId, "failed")).reason_code).toBe(code);
        await expectBuilt(room, [worker.tools.scratchBase]);
      } finally {
        await worker.stop();
      }
    }),
  120_000,
);
