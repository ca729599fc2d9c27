import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Resources } from "#core/resources.ts";
import { eventually } from "#tests/support/eventually.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { openClient } from "../../../cli/client.ts";
import { markOf } from "../../../cli/files.ts";
import { openMemory } from "../../../cli/memory.ts";
import { openReport } from "../../../cli/report.ts";
import { uploadFile } from "../../../cli/upload-file.ts";
import type { Figure } from "../figure.ts";
import { makeFile } from "./measure.ts";

/** GiB to send through; the figure of record is 20, which takes a while and 40 GB of disk. */
const GIB = Number(process.env.BENCH_UPLOAD_GIB ?? 2);

/** The memory of the API process, triggers included, while one large file goes from the disk to a locked master. */
export async function measureMemory(
  deps: Resources,
  key: string,
  projectId: string,
  say: (line: string) => void,
): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "rushes-bench-"));
  const port = await freePort();
  const api = Bun.spawn([process.execPath, join(import.meta.dir, "../../../functions/serve.ts")], {
    stdout: "ignore",
    stderr: "inherit",
    env: {
      ...process.env,
      ...stackEnv(),
      APP_SECRET: deps.config.APP_SECRET,
      POSTGRES_URL: deps.config.POSTGRES_URL,
      REDIS_URL: deps.config.REDIS_URL,
      API_PORT: String(port),
      RATE_LIMIT_PER_MINUTE: "1000000",
      LOG_LEVEL: "error",
    },
  });
  try {
    const base = `http://127.0.0.1:${port}/api`;
    await eventually(async () => {
      if (!(await fetch(`${base}/healthz`)).ok) throw new Error("not up yet");
    });
    const path = join(folder, "large.mov");
    await makeFile(path, GIB * 1024);
    const before = residentMb(api.pid);
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, residentMb(api.pid));
    }, 250);
    const client = openClient({ base, key });
    const sent = await uploadFile(
      { client, memory: openMemory("memory", folder), report: openReport({ isJson: false, isQuiet: true }) },
      markOf(path, []),
      { projectId, parallel: 4, signal: new AbortController().signal },
    );
    rmSync(path);
    await eventually(
      async () => {
        const upload = await client.get<{ state: string }>(`/presign/${sent.uploadId}`);
        if (upload.state !== "promoted") throw new Error(`still ${upload.state}`);
      },
      { withinMs: GIB * 120_000, everyMs: 500 },
    );
    clearInterval(watch);
    say(`api with ${GIB} GiB going through: ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most`);
    return { id: "api.rss_mb", value: most, unit: "MB", target: 200, better: "lower" };
  } finally {
    api.kill();
    await api.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

const residentMb = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}
