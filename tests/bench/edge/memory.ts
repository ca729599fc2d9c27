import { readFileSync } from "node:fs";
import { control, startEdge } from "#tests/edge/support/edge.ts";
import { ownVersion, patterned, putPreview } from "#tests/edge/support/previews.ts";
import { workersOf } from "./hits.ts";

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;
}

/**
 * Megabytes that a worker grows by under mixed load: hits, cold objects, ranges, refusals, missing objects, purges.
 * Counted from the end of the first fifth, when pools and caches have found their size.
 */
export async function memoryGrowthMb(seconds: number, say: (line: string) => void): Promise<number> {
  const edge = await startEdge({ EDGE_WORKERS: "1", CACHE_MAX_BYTES: "60000000" });
  try {
    const version = ownVersion();
    const names = Array.from({ length: 60 }, (_, at) => `seg-${at}.m4s`);
    await Promise.all(names.map((name) => putPreview(version, name, patterned(300_000))));
    await putPreview(version, "film.mp4", patterned(20_000_000), { type: "video/mp4" });
    const [worker] = workersOf(edge);
    if (worker === undefined) throw new Error("the edge has no worker");
    const ends = performance.now() + seconds * 1000;
    const isOn = () => performance.now() < ends;
    const forged = edge.url(version, "seg-0.m4s").replace(version, `${version}x`);
    const ask = async (url: string, range?: string) => {
      const answer = await fetch(url, range ? { headers: { range } } : {});
      await answer.arrayBuffer();
    };
    const viewers = Array.from({ length: 6 }, async (_, viewer) => {
      for (let at = viewer; isOn(); at++) {
        await ask(edge.url(version, names[(at * 7) % names.length] ?? ""));
        if (at % 5 === 0) await ask(edge.url(version, "film.mp4"), `bytes=${(at * 997_331) % 19_000_000}-`);
        if (at % 11 === 0) await ask(forged);
        if (at % 13 === 0) await ask(edge.url(version, `none-${at}.m4s`));
        if (at % 17 === 0) await ask(`${edge.url(version, "seg-1.m4s")}?x=${at}`);
        if (viewer === 0 && at % 200 === 0) await control(edge, "POST", `/purge/${version}`);
      }
    });
    const wrk = Bun.spawn(["wrk", "-t1", "-c8", `-d${seconds}s`, edge.url(ownVersion(), "none.m4s")], {
      stdout: "ignore",
    });
    await Bun.sleep((seconds * 1000) / 5);
    const before = residentMb(worker);
    await Promise.all([...viewers, wrk.exited]);
    const after = residentMb(worker);
    say(
      `a worker held ${before.toFixed(1)} MB after a fifth of ${seconds} s, ${after.toFixed(1)} MB at the end`,
    );
    return Math.max(0, after - before);
  } finally {
    await edge.end();
  }
}
