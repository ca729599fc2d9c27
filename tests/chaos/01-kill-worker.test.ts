import { expect, test } from "bun:test";
import { clip } from "#tests/fixtures/clips.ts";
import { eventually } from "#tests/support/eventually.ts";
import { addMaster } from "#tests/support/previews.ts";
import { processesWith } from "#tests/support/worker-process.ts";
import { inBuilds } from "./world/builds.ts";

test(
  "kill -9 of a worker leaves no ffmpeg behind; the next one clears the scratch and finishes the job",
  () =>
    inBuilds(async ({ room, start, inState, job, reconcile }) => {
      const first = await start();
      const { versionId, jobId } = await addMaster(room, await clip(12));
      await inState(versionId, "playable");
      expect((await processesWith(first.scratch)).some(({ command }) => command.includes("ffmpeg"))).toBe(
        true,
      );
      first.signal("SIGKILL");
      expect(await first.ended).toBe("SIGKILL");
      await eventually(async () => expect(await processesWith(first.scratch)).toEqual([]));

      await start({ SCRATCH_PATH: first.scratch });
      await reconcile(jobId);
      await inState(versionId, "ready");
      expect(await job(jobId)).toMatchObject({ state: "done", attempts: 2, fence: 2 });
    }),
  300_000,
);
