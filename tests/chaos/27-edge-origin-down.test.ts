import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Behind, openBehind } from "#tests/edge/support/behind.ts";
import { type Fault, startOrigin } from "#tests/edge/support/origin.ts";
import { growing, patterned, putPreview } from "#tests/edge/support/previews.ts";
import { eventually } from "#tests/support/eventually.ts";

setDefaultTimeout(60_000);

let behind: Behind;
beforeAll(async () => {
  behind = await openBehind();
});
afterAll(() => behind.end());

const none: Fault = { kind: "none" };

async function during<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
  behind.origin.fault = () => fault;
  try {
    return await work();
  } finally {
    behind.origin.fault = () => none;
  }
}

describe("when the storage", () => {
  const faults: [string, Fault, number][] = [
    ["refuses our keys (403): 502, loud for operators", { kind: "status", status: 403 }, 502],
    ["does not have the object (404): 404", { kind: "status", status: 404 }, 404],
    ["breaks (500): 502", { kind: "status", status: 500 }, 502],
    ["asks to slow down (503): 502", { kind: "status", status: 503 }, 502],
    ["is silent: 502 after the timeout", { kind: "slow", ms: 9_000 }, 502],
    ["hangs up: 502", { kind: "drop" }, 502],
  ];
  for (const [name, fault, expected] of faults)
    test(`${name}; warm objects play on, and the next try after it heals is served`, async () => {
      const rest = `${expected}-${Math.random().toString(36).slice(2)}.m4s`;
      await putPreview(behind.version, rest, patterned(30_000));
      await during(fault, async () => {
        const began = performance.now();
        const answer = await behind.read(rest);
        expect(answer.status).toBe(expected);
        expect(performance.now() - began).toBeLessThan(8_000);
        expect(answer.body.toString()).not.toContain("secret-name");
        expect(answer.headers.get("cache-control")).toEqual(["no-store"]);
        await behind.whole("warm.m4s", 60_000);
      });
      await eventually(() => behind.whole(rest, 30_000), { withinMs: 6_000, everyMs: 200 });
    });

  test("breaks off in the middle: the viewer sees a short answer, the cache keeps nothing of it", async () => {
    await putPreview(behind.version, "cut.m4s", patterned(400_000));
    await putPreview(behind.version, "cut.mp4", patterned(2_500_000));
    for (const [rest, bytes] of [
      ["cut.m4s", 400_000],
      ["cut.mp4", 2_500_000],
    ] as const) {
      const short = await during({ kind: "cut" }, () => behind.read(rest));
      expect(short.whole).toBe(false);
      await behind.whole(rest, bytes);
    }
  });

  test("closes the connections we keep: nobody notices", async () => {
    await putPreview(behind.version, "again.m4s", patterned(30_000));
    await putPreview(behind.version, "again2.m4s", patterned(30_000));
    await behind.whole("again.m4s", 30_000);
    const { port } = behind.origin;
    await behind.origin.close();
    behind.origin = await startOrigin("127.0.0.1", port);
    await behind.whole("again2.m4s", 30_000);
  });

  test("is away: what expired is served stale, a playlist that grew too", async () => {
    await putPreview(behind.version, "v0.m3u8", "#EXTM3U\n#1\n", { cacheControl: growing });
    expect((await behind.read("v0.m3u8")).status).toBe(200);
    await Bun.sleep(2_100);
    await during({ kind: "drop" }, async () => {
      const stale = await behind.read("v0.m3u8");
      expect([stale.status, stale.headers.get("x-cache")?.[0]]).toEqual([200, "STALE"]);
    });
  });
});
