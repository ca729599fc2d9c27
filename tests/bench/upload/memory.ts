import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Resources } from "#core/resources.ts";
import { eventually } from "#tests/support/eventually.ts";
import { stackEnv } from "#tests/support/stack.ts";
import type { Figure } from "../figure.ts";
import { discardMaster, makeSparseFile, openSender } from "./measure.ts";

/** GiB to send through. The storage needs twice that; the figure of record is for 20. */
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
    await makeSparseFile(path, GIB * 1024);
    const sender = openSender(base, key, projectId);
    const from = performance.now();
    const samples: Sample[] = [];
    const sample = () => samples.push({ s: (performance.now() - from) / 1000, mb: residentMb(api.pid) });
    sample();
    const watch = setInterval(sample, 250);
    const sent = await sender.send(path);
    const sentAfter = samples.at(-1)?.s ?? 0;
    await eventually(
      async () => {
        const upload = await sender.client.get<{ state: string }>(`/presign/${sent.uploadId}`);
        if (upload.state !== "promoted") throw new Error(`still ${upload.state}`);
      },
      { withinMs: GIB * 120_000, everyMs: 500 },
    );
    clearInterval(watch);
    sender.close();
    await discardMaster(deps, sent.versionId);
    const most = Math.max(...samples.map(({ mb }) => mb));
    const shown = Array.from({ length: 11 }, (_, i) => samples[Math.round((i / 10) * (samples.length - 1))]);
    say(
      `api with ${GIB} GiB going through (sent after ${sentAfter.toFixed(0)} s): ` +
        shown.map((one) => `${one?.mb.toFixed(0)} MB at ${one?.s.toFixed(0)} s`).join(", ") +
        `; ${most.toFixed(0)} MB at most, ${slope(samples).toFixed(2)} MB more per minute`,
    );
    return { id: "api.rss_mb", value: most, unit: "MB", target: 200, better: "lower" };
  } finally {
    api.kill();
    await api.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Sample {
  s: number;
  mb: number;
}

/** Megabytes a minute by least squares, without the first tenth, in which a process warms up. */
function slope(samples: Sample[]): number {
  const settled = samples.slice(Math.ceil(samples.length / 10));
  const mean = (of: (sample: Sample) => number) =>
    settled.reduce((sum, sample) => sum + of(sample), 0) / settled.length;
  const [meanS, meanMb] = [mean(({ s }) => s), mean(({ mb }) => mb)];
  const shared = mean(({ s, mb }) => (s - meanS) * (mb - meanMb));
  return (shared / mean(({ s }) => (s - meanS) ** 2)) * 60;
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
