import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { control, startEdge } from "#tests/edge/support/edge.ts";
import { ownVersion } from "#tests/edge/support/previews.ts";
import { eventually } from "#tests/support/eventually.ts";
import { median } from "./hits.ts";
import { startEndlessOrigin } from "./origin.ts";

/** Asks for another object with every request, for ever. */
const script = (path: string) => `local at = 0
request = function()
  at = at + 1
  return wrk.format("GET", "${path}" .. at .. ".m4s")
end
`;

/**
 * Milliseconds until a purge is answered while the cache holds `objects` objects: the median of thirty versions with a
 * few of them and one with all the rest. After each the next read must be cold.
 */
export async function purgeMs(objects: number, say: (line: string) => void): Promise<number> {
  const origin = startEndlessOrigin(400);
  const edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint, CACHE_MAX_BYTES: "4000000000" });
  const folder = mkdtempSync(join(tmpdir(), "rushes-wrk-"));
  try {
    const version = ownVersion();
    const path = edge.url(version, "bench/").slice(edge.base.length);
    writeFileSync(join(folder, "fill.lua"), script(path));
    while (origin.requests() < objects) {
      const left = objects - origin.requests();
      const seconds = Math.max(1, Math.min(10, Math.ceil(left / 8_000)));
      // A connection gone at the end of a round costs an object, never a wrong count: the origin counts.
      const wrk = Bun.spawn(
        ["wrk", "-t1", "-c32", `-d${seconds}s`, "-s", join(folder, "fill.lua"), `${edge.base}/`],
        { stdout: "ignore" },
      );
      await wrk.exited;
      writeFileSync(join(folder, "fill.lua"), script(`${path}${origin.requests()}-`));
    }
    say(`${origin.requests()} objects are cached`);
    const took: number[] = [];
    for (const one of [...Array.from({ length: 30 }, ownVersion), version]) {
      const first = edge.url(one, "bench/probe.m4s");
      await eventually(async () => {
        const answer = await fetch(first);
        if (answer.headers.get("x-cache") !== "HIT") throw new Error("not cached yet");
      });
      const began = performance.now();
      const answer = await control(edge, "POST", `/purge/${one}`);
      took.push(performance.now() - began);
      const after = await fetch(first);
      if (answer.status !== 200 || after.headers.get("x-cache") !== "MISS")
        throw new Error("the purge did not purge");
    }
    say(`the purge of the version that holds them took ${took.at(-1)?.toFixed(1)} ms`);
    return median(took);
  } finally {
    await edge.end();
    await origin.stop();
    rmSync(folder, { recursive: true });
  }
}
