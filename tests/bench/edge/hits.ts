import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Edge, startEdge } from "#tests/edge/support/edge.ts";
import { ownVersion, patterned, putPreview } from "#tests/edge/support/previews.ts";
import { eventually } from "#tests/support/eventually.ts";

/** A cached location without any gate, in the same server, on the same cache, with the same log. */
export const plainLocation = `  location ~ "^/plain(?<plain_path>/assets/[a-z0-9_]+/[A-Za-z0-9._/-]+)\\z" {
    proxy_pass http://signer$plain_path;
    proxy_cache objects;
    proxy_cache_key $plain_path;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
  }
`;

export const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** CPU seconds that a process has used. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function workersOf(edge: Edge): number[] {
  const master = readFileSync(join(edge.runPath, "nginx.pid"), "utf8").trim();
  return readFileSync(`/proc/${master}/task/${master}/children`, "utf8")
    .trim()
    .split(" ")
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("worker process"));
}

async function withPlainLocation(edge: Edge): Promise<number> {
  const parts = join(edge.runPath, "conf/public.conf");
  const text = readFileSync(parts, "utf8");
  const at = text.indexOf("  location = /healthz");
  writeFileSync(parts, text.slice(0, at) + plainLocation + text.slice(at));
  const [old] = workersOf(edge);
  process.kill(Number(readFileSync(join(edge.runPath, "nginx.pid"), "utf8")), "SIGHUP");
  const worker = await eventually(() => {
    const now = workersOf(edge);
    if (now.length !== 1 || now[0] === old) throw new Error("the old worker is still there");
    return now[0] as number;
  });
  if (cpus().length > 1) Bun.spawnSync(["taskset", "-pc", "0", String(worker)]);
  return worker;
}

interface Round {
  perSecond: number;
  perCpuSecond: number;
}

async function load(worker: number, url: string, seconds: number): Promise<Round> {
  const before = cpuSeconds(worker);
  const pin = cpus().length > 1 ? ["taskset", "-c", "1"] : [];
  const wrk = Bun.spawn([...pin, "wrk", "-t1", "-c16", `-d${seconds}s`, url], { stdout: "pipe" });
  const text = await new Response(wrk.stdout).text();
  if (/Non-2xx/.test(text)) throw new Error(`wrk met refusals at ${url.slice(0, 24)}…: ${text}`);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    perCpuSecond: requests / (cpuSeconds(worker) - before),
  };
}

export interface HitFigures {
  ratio: number;
  throughputRatio: number;
  signedMicroseconds: number;
  plainMicroseconds: number;
}

/**
 * Signed hits against unsigned cached hits of the same object: rounds of both in turn, the median of the rounds'
 * ratios. The ratio is of requests per CPU second of the one pinned worker, which is what its throughput is when
 * nothing else wants the processor.
 */
export async function hitFigures(
  sizes: number[],
  { rounds, seconds }: { rounds: number; seconds: number },
  home?: string,
) {
  const edge = await startEdge({ EDGE_WORKERS: "1", EDGE_TEND_SECONDS: "5" }, home ? { home } : {});
  try {
    const version = ownVersion();
    for (const bytes of sizes)
      await putPreview(version, `bench/seg_${bytes}.m4s`, patterned(bytes), { type: "video/iso.segment" });
    const worker = await withPlainLocation(edge);
    const figures: HitFigures[] = [];
    for (const bytes of sizes) {
      const signed = edge.url(version, `bench/seg_${bytes}.m4s`);
      const plain = `${edge.base}/plain/assets/${version}/bench/seg_${bytes}.m4s`;
      const pairs: [Round, Round][] = [];
      await load(worker, signed, 1);
      await load(worker, plain, 1);
      for (let round = 0; round < rounds; round++) {
        const swap = round % 2 === 1;
        const first = await load(worker, swap ? signed : plain, seconds);
        const second = await load(worker, swap ? plain : signed, seconds);
        pairs.push(swap ? [first, second] : [second, first]);
        await pause(100);
      }
      figures.push({
        ratio: median(pairs.map(([s, p]) => s.perCpuSecond / p.perCpuSecond)),
        throughputRatio: median(pairs.map(([s, p]) => s.perSecond / p.perSecond)),
        signedMicroseconds: median(pairs.map(([s]) => 1e6 / s.perCpuSecond)),
        plainMicroseconds: median(pairs.map(([, p]) => 1e6 / p.perCpuSecond)),
      });
    }
    return figures;
  } finally {
    await edge.end();
  }
}
