import { startEdge } from "#tests/edge/support/edge.ts";
import { startOrigin } from "#tests/edge/support/origin.ts";
import { ownVersion, patterned, putPreview } from "#tests/edge/support/previews.ts";

/** Fetches from the real storage for 200 viewers of one cold object at once: the worse of a quick and a slow storage. */
export async function stampedeFetches(): Promise<number> {
  const origin = await startOrigin();
  const edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint });
  try {
    const version = ownVersion();
    let worst = 0;
    for (const [name, ms] of [
      ["quick.m4s", 0],
      ["slow.m4s", 6_000],
    ] as const) {
      await putPreview(version, name, patterned(500_000));
      origin.fault = (target) => (target.endsWith(name) && ms > 0 ? { kind: "slow", ms } : { kind: "none" });
      const viewers = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const answer = await fetch(edge.url(version, name));
          return answer.status === 200 && (await answer.arrayBuffer()).byteLength === 500_000;
        }),
      );
      if (viewers.includes(false)) throw new Error("a viewer did not get the object");
      worst = Math.max(worst, origin.fetches.filter((one) => one.target.endsWith(name)).length);
    }
    return worst;
  } finally {
    await edge.end();
    await origin.close();
  }
}

/** A cold seek into the middle of a 200 MB file: megabytes fetched from the storage, seconds until it is answered. */
export async function coldSeek(): Promise<{ megabytes: number; seconds: number }> {
  const origin = await startOrigin();
  const edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint });
  try {
    const version = ownVersion();
    await putPreview(version, "film.mp4", patterned(200_000_000), { type: "video/mp4" });
    const began = performance.now();
    const answer = await fetch(edge.url(version, "film.mp4"), {
      headers: { range: "bytes=123456789-123556788" },
    });
    const bytes = (await answer.arrayBuffer()).byteLength;
    const seconds = (performance.now() - began) / 1000;
    if (answer.status !== 206 || bytes !== 100_000) throw new Error("the seek was not answered");
    await Bun.sleep(1_000); // what goes on in the background would show
    return { megabytes: origin.fetches.reduce((sum, one) => sum + one.bytes, 0) / 1e6, seconds };
  } finally {
    await edge.end();
    await origin.close();
  }
}
