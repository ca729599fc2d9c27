import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { type Edge, startEdge } from "#tests/edge/support/edge.ts";
import { ownVersion, patterned, putPreview } from "#tests/edge/support/previews.ts";
import { eventually } from "#tests/support/eventually.ts";

export const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Seconds on a processor so far, to the nanosecond. */
function cpuSeconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e9;
}

export function workersOf(edge: Edge): number[] {
  const master = readFileSync(join(edge.runPath, "nginx.pid"), "utf8").trim();
  return readFileSync(`/proc/${master}/task/${master}/children`, "utf8")
    .trim()
    .split(" ")
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("worker process"));
}

/**
 * A cached location without any gate, in the same server: the same cache, the same kept-open files, the same log,
 * no token, no purge, no headers of ours.
 */
async function addPlainLocation(edge: Edge): Promise<number> {
  const hop = readFileSync(join(edge.runPath, "conf/hop.conf"), "utf8");
  const openFiles = hop.split("\n").filter((line) => line.startsWith("open_file_cache"));
  const path = join(edge.runPath, "conf/public.conf");
  const text = readFileSync(path, "utf8");
  const at = text.indexOf("  location = /healthz");
  const plain = `  location ~ "^/plain(?<plain_path>/assets/[a-z0-9_]+/[A-Za-z0-9._/-]+)\\z" {
    proxy_pass http://signer$plain_path;
    proxy_cache objects;
    proxy_cache_key $plain_path;
    ${openFiles.join("\n    ")}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
  }
`;
  writeFileSync(path, text.slice(0, at) + plain + text.slice(at));
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

/** Runs wrk for `seconds`; requests answered, and the worker's CPU microseconds for each. */
async function load(
  worker: number,
  url: string,
  seconds: number,
): Promise<{ perSecond: number; micros: number }> {
  const before = cpuSeconds(worker);
  const pin = cpus().length > 1 ? ["taskset", "-c", "1"] : [];
  const wrk = Bun.spawn([...pin, "wrk", "-t1", "-c16", `-d${seconds}s`, url], { stdout: "pipe" });
  const text = await new Response(wrk.stdout).text();
  if (/Non-2xx/.test(text)) throw new Error(`wrk met refusals: ${text.split("\n").slice(1).join(" ")}`);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    micros: ((cpuSeconds(worker) - before) / requests) * 1e6,
  };
}

export interface HitFigures {
  /** Plain CPU time over signed CPU time: 1 is the speed of an unsigned cached location. */
  ratio: number;
  /** The same of requests per second as wrk saw them; the same number on a machine that does nothing else. */
  throughputRatio: number;
  signedMicros: number;
  plainMicros: number;
}

/**
 * Signed hits against unsigned cached hits of the same object, one pinned worker: rounds of both in turn, the median
 * of the rounds' ratios.
 */
export async function hitFigures(
  bytes: number,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<HitFigures> {
  const edge = await startEdge({ EDGE_WORKERS: "1", EDGE_TEND_SECONDS: "30" });
  try {
    const version = ownVersion();
    await putPreview(version, "bench/seg.m4s", patterned(bytes), { type: "video/iso.segment" });
    const worker = await addPlainLocation(edge);
    const signed = edge.url(version, "bench/seg.m4s");
    const plain = `${edge.base}/plain/assets/${version}/bench/seg.m4s`;
    await load(worker, signed, 1);
    await load(worker, plain, 1);
    const pairs: Awaited<ReturnType<typeof load>>[][] = [];
    for (let round = 0; round < rounds; round++) {
      const swap = round % 2 === 1;
      const first = await load(worker, swap ? signed : plain, seconds);
      const second = await load(worker, swap ? plain : signed, seconds);
      pairs.push(swap ? [first, second] : [second, first]);
    }
    const each = (
      of: (
        signed: { perSecond: number; micros: number },
        plain: { perSecond: number; micros: number },
      ) => number,
    ) => median(pairs.map(([one, other]) => (one && other ? of(one, other) : Number.NaN)));
    return {
      ratio: each((one, other) => other.micros / one.micros),
      throughputRatio: each((one, other) => one.perSecond / other.perSecond),
      signedMicros: each((one) => one.micros),
      plainMicros: each((_, other) => other.micros),
    };
  } finally {
    await edge.end();
  }
}
