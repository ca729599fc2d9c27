import { expect, test } from "bun:test";
import { clip } from "#tests/fixtures/clips.ts";
import { eventually } from "#tests/support/eventually.ts";
import { addMaster, versionOf } from "#tests/support/previews.ts";
import { inBuilds } from "./world/builds.ts";

test(
  "a worker that slept past its lease never publishes",
  () =>
    inBuilds(async ({ room, start, inState, job, reconcile }) => {
      const sleeper = await start();
      const { versionId, jobId } = await addMaster(room, await clip(12));
      await inState(versionId, "playable");
      sleeper.signal("SIGSTOP");
      await reconcile(jobId);
      await start();
      const version = await inState(versionId, "ready");
      expect(version.preview.prefix).toEndWith(".2/");
      sleeper.signal("SIGCONT");
      await eventually(() => expect(sleeper.log()).toContain("taken over"), { withinMs: 240_000 });
      expect((await versionOf(room, versionId)).preview).toEqual(version.preview);
      expect(await job(jobId)).toMatchObject({ state: "done", fence: 2 });
    }),
  300_000,
);
