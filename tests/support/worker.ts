import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Progress } from "#core/previews/job.ts";
import { openLog } from "#core/telemetry/log.ts";
import { consume } from "#gpu/consume.ts";
import { openDevice } from "#gpu/device.ts";
import { FILE_BYTES } from "#gpu/feed.ts";
import { defaultCaps } from "#gpu/limits.ts";
import { openSandbox, type Sandbox } from "#gpu/sandbox.ts";
import { findFont, toolVersion } from "#gpu/tool-version.ts";
import type { Tools } from "#gpu/tools.ts";
import type { PreviewRoom } from "./previews.ts";

export interface RunningWorker {
  tools: Tools;
  progress: (Progress & { state: string; jobId: string })[];
  outcomes: { outcome: string; engine: string; seconds: number }[];
  stop(): Promise<void>;
}

/** Ladders are built at three times the speed of the material, whatever the machine. */
export function slowSandbox(): Sandbox {
  const sandbox = openSandbox();
  const wrap: Sandbox["wrap"] = (command, argv, limits) => {
    const isLadder = argv.includes("-filter_complex");
    const at = argv.indexOf("-i");
    const slow = isLadder ? [...argv.slice(0, at), "-readrate", "3", ...argv.slice(at)] : argv;
    return sandbox.wrap(command, slow, limits);
  };
  return { ...sandbox, wrap };
}

/** The worker inside this process: fast to start, and its tools can be looked at. */
export async function startWorker(
  room: PreviewRoom,
  options: { concurrency?: number; tools?: Partial<Tools> } = {},
): Promise<RunningWorker> {
  const log = openLog("test-worker", process.env.TEST_LOG ?? "silent");
  const scratchBase = await mkdtemp(join(tmpdir(), "rushes-worker-"));
  const tools: Tools = {
    storage: room.storage,
    sandbox: openSandbox(),
    device: await openDevice("none", log),
    caps: defaultCaps,
    scratchBase,
    scratchMaxBytes: 4e9,
    fileBytes: FILE_BYTES,
    deadlineFactor: 1,
    toolVersion: toolVersion(),
    fontFile: findFont(),
    ...options.tools,
  };
  const stop = new AbortController();
  const progress: RunningWorker["progress"] = [];
  const outcomes: RunningWorker["outcomes"] = [];
  const done = consume(
    {
      tools,
      sql: room.resources.sql,
      queue: room.queue,
      log,
      worker: "test",
      concurrency: options.concurrency ?? 2,
      roomRetryMs: 1_000,
      announce: (claim, figures) => progress.push({ ...figures, jobId: claim.jobId }),
      ended: (outcome, engine, seconds) => outcomes.push({ outcome, engine, seconds }),
    },
    stop.signal,
  );
  return {
    tools,
    progress,
    outcomes,
    async stop() {
      stop.abort();
      await done;
      await rm(scratchBase, { recursive: true, force: true });
    },
  };
}
