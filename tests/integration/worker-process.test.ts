import { expect, test } from "bun:test";
import { inBuilds } from "#tests/chaos/world/builds.ts";
import { clip } from "#tests/fixtures/clips.ts";
import { addMaster } from "#tests/support/previews.ts";
import { processesWith } from "#tests/support/worker-process.ts";

test(
  "SIGTERM hands the job back within seconds, without an attempt used, and another worker finishes it",
  () =>
    inBuilds(async ({ room, start, inState, job }) => {
      const first = await start();
      const { versionId, jobId } = await addMaster(room, await clip(12));
      await inState(versionId, "playable");
      const asked = performance.now();
      first.signal("SIGTERM");
      expect(await first.ended).toBe(0);
      expect(performance.now() - asked).toBeLessThan(5_000);
      expect(await job(jobId)).toMatchObject({ state: "queued", attempts: 0, fence: 1 });
      expect(await processesWith(first.scratch)).toEqual([]);

      await start();
      const version = await inState(versionId, "ready");
      expect(version.preview.prefix).toEndWith(".2/");
      expect(await job(jobId)).toMatchObject({ state: "done", attempts: 1 });
    }),
  300_000,
);
