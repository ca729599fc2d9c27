import { expect, test } from "bun:test";
import { readConfig } from "#core/config.ts";
import { JOB_MAX_ATTEMPTS } from "#core/previews/job.ts";
import { keysOf, openStorage } from "#core/storage/storage.ts";
import { clip } from "#tests/fixtures/clips.ts";
import { addMaster } from "#tests/support/previews.ts";
import { openStorageProxy } from "#tests/support/storage-proxy.ts";
import { slowSandbox, startWorker } from "#tests/support/worker.ts";
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

test(
  "what was on its way to the storage when a build failed is not left there",
  () =>
    inBuilds(async ({ room, inState }) => {
      const proxy = await openStorageProxy(room.environment.WASABI_ENDPOINT ?? "");
      let isUnderWay = false;
      proxy.decide = (line) => {
        if (!line.startsWith("PUT")) return { kind: "pass" };
        const isRepacked = /\/(init_)?ra?0[_.]/.test(line);
        isUnderWay ||= isRepacked;
        if (isRepacked) return { kind: "slow", ms: 3_000 };
        return isUnderWay ? { kind: "status", status: 403 } : { kind: "pass" };
      };
      const config = readConfig({ ...room.environment, WASABI_ENDPOINT: proxy.url }, "worker");
      const storage = openStorage(config, keysOf(config, "worker"));
      const worker = await startWorker(room, { tools: { storage, sandbox: slowSandbox() } });
      try {
        const { versionId } = await addMaster(room, await clip(12), { attempts: JOB_MAX_ATTEMPTS - 1 });
        expect((await inState(versionId, "failed")).reason_code).toBe("gave-up");
        expect(isUnderWay).toBe(true);
        await Bun.sleep(4_000); // what was under way has landed by now
        await expectBuilt(room, [worker.tools.scratchBase]);
      } finally {
        await worker.stop();
        storage.s3.destroy();
        await proxy.close();
      }
    }),
  120_000,
);
