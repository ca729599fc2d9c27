import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "#tests/support/eventually.ts";
import { control, type Edge, startEdge } from "./support/edge.ts";
import { type Origin, startOrigin } from "./support/origin.ts";
import { ownVersion, patterned, putPreview } from "./support/previews.ts";

setDefaultTimeout(30_000);

let origin: Origin;
let edge: Edge;
beforeAll(async () => {
  origin = await startOrigin();
  edge = await startEdge({ WASABI_ENDPOINT: origin.endpoint });
});
afterAll(async () => {
  await edge.end();
  await origin.close();
});

const fetchesOf = (name: string) => origin.fetches.filter((one) => one.target.includes(name)).length;
const status = async (version: string, rest: string) => (await fetch(edge.url(version, rest))).status;
const cached = async (version: string, rest: string) =>
  (await fetch(edge.url(version, rest))).headers.get("x-cache");

/** Every file of the cache, as text of its head: nginx writes the key there. */
function keysInCache(): string[] {
  return readdirSync(join(edge.cachePath, "objects"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).subarray(0, 600).toString("latin1"));
}

describe("a purge", () => {
  test("makes every object of the version cold at once, and no other version's", async () => {
    const [version, other] = [ownVersion(), ownVersion()];
    await Promise.all(
      [version, other].flatMap((id) =>
        ["a.m4s", "b.mp4"].map((name) => putPreview(id, name, patterned(5_000))),
      ),
    );
    for (const id of [version, other]) for (const name of ["a.m4s", "b.mp4"]) await cached(id, name);
    expect((await control(edge, "POST", `/purge/${version}`)).status).toBe(200);
    expect(await cached(version, "a.m4s")).toBe("MISS");
    expect(await cached(version, "b.mp4")).toBe("MISS");
    expect(await cached(other, "a.m4s")).toBe("HIT");
    expect(await cached(version, "a.m4s")).toBe("HIT");
  });

  test("with deny answers 410 on a warm cache, for every token, until it is taken back", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", patterned(5_000));
    expect(await status(version, "a.m4s")).toBe(200);
    expect(await status(version, "a.m4s")).toBe(200);
    const began = performance.now();
    expect((await control(edge, "POST", `/purge/${version}`, { deny: true })).status).toBe(200);
    expect(await status(version, "a.m4s")).toBe(410);
    expect(performance.now() - began).toBeLessThan(1_000);
    const fetches = fetchesOf(version);
    for (let at = 0; at < 10; at++) expect(await status(version, "other.m4s")).toBe(410);
    expect(fetchesOf(version)).toBe(fetches);
    await control(edge, "POST", `/purge/${version}`);
    expect(await status(version, "a.m4s")).toBe(410);
    await control(edge, "POST", `/purge/${version}`, { deny: false });
    expect(await cached(version, "a.m4s")).toBe("MISS");
  });

  test("erases the bytes in the background, those of a fetch that was in flight too", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", patterned(5_000));
    await putPreview(version, "b.mp4", patterned(2_500_000));
    await status(version, "a.m4s");
    await (await fetch(edge.url(version, "b.mp4"))).arrayBuffer();
    const ours = () => keysInCache().filter((head) => head.includes(`KEY: ${version}|`)).length;
    expect(ours()).toBe(4);
    await control(edge, "POST", `/purge/${version}`, { deny: true });
    await eventually(() => expect(ours()).toBe(0));
  });

  test("is not undone by a fetch that began before it", async () => {
    const version = ownVersion();
    await putPreview(version, "slow.m4s", "old");
    origin.fault = (target) => (target.endsWith("slow.m4s") ? { kind: "slow", ms: 800 } : { kind: "none" });
    const early = fetch(edge.url(version, "slow.m4s"));
    await eventually(() => expect(fetchesOf(`${version}/slow`)).toBe(1));
    origin.fault = () => ({ kind: "none" });
    await putPreview(version, "slow.m4s", "new");
    await control(edge, "POST", `/purge/${version}`);
    const late = await fetch(edge.url(version, "slow.m4s"));
    expect(await late.text()).toBe("new");
    await (await early).text();
    expect(await (await fetch(edge.url(version, "slow.m4s"))).text()).toBe("new");
  });

  test("survives a restart, as the cache does", async () => {
    const [purged, warm] = [ownVersion(), ownVersion()];
    await Promise.all([putPreview(purged, "a.m4s", "x"), putPreview(warm, "a.m4s", "x")]);
    await Promise.all([cached(purged, "a.m4s"), cached(warm, "a.m4s")]);
    await control(edge, "POST", `/purge/${purged}`, { deny: true });
    edge = await edge.restart();
    expect(await status(purged, "a.m4s")).toBe(410);
    expect(await cached(warm, "a.m4s")).toBe("HIT");
    await control(edge, "POST", `/purge/${warm}`, { deny: true });
    await eventually(() =>
      expect(keysInCache().filter((head) => head.includes(`|0|a.m4s`) && head.includes(warm))).toEqual([]),
    );
  });

  test("a version purged by hand is served from the cache again, with each verified token", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", "x");
    for (let round = 0; round < 3; round++) {
      await control(edge, "POST", `/purge/${version}`);
      expect(await cached(version, "a.m4s")).toBe("MISS");
      expect(await cached(version, "a.m4s")).toBe("HIT");
    }
  });
});

describe("the control port", () => {
  test("needs the key for everything that changes or tells something", async () => {
    for (const [method, path] of [
      ["POST", "/purge/a1"],
      ["POST", "/purges"],
      ["POST", "/hydrate/a1"],
      ["GET", "/state"],
    ] as const)
      for (const key of ["", "wrong", "purge-key-of-the-edge-test", "purge-key-of-the-edge-tests "])
        expect(
          (await control(edge, method, path, method === "POST" ? {} : undefined, `${key}x`)).status,
        ).toBe(401);
  });

  test("refuses what it does not understand and changes nothing", async () => {
    const version = ownVersion();
    for (const body of [{ deny: "yes" }, { deny: 1 }])
      expect((await control(edge, "POST", `/purge/${version}`, body)).status).toBe(400);
    for (const body of [
      {},
      { entries: [{}], upTo: 1 },
      { entries: [{ versionId: "../x", sequence: 1, deny: true }], upTo: 1 },
      { entries: [{ versionId: version, sequence: 1.5, deny: true }], upTo: 1 },
      { entries: [] },
    ])
      expect((await control(edge, "POST", "/purges", body)).status).toBe(400);
    expect((await control(edge, "GET", `/purge/${version}`)).status).toBe(405);
    expect((await control(edge, "POST", "/purge/UPPER")).status).toBe(404);
    expect((await fetch(`${edge.control}/warm/assets/${version}/x`)).status).toBe(404);
    expect(readdirSync(join(edge.cachePath, "state/versions"))).not.toContain(version);
  });

  test("a stretch of the log may come twice and in part", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", "x");
    const stretch = { entries: [{ versionId: version, sequence: 7, deny: true }], upTo: 7, isWhole: true };
    for (let at = 0; at < 2; at++) expect((await control(edge, "POST", "/purges", stretch)).status).toBe(200);
    expect(await (await control(edge, "GET", "/state")).json()).toMatchObject({ sequence: 7 });
    expect(await status(version, "a.m4s")).toBe(410);
    const older = { entries: [{ versionId: version, sequence: 6, deny: false }], upTo: 6 };
    await control(edge, "POST", "/purges", older);
    expect(await status(version, "a.m4s")).toBe(410);
    await control(edge, "POST", "/purges", {
      entries: [{ versionId: version, sequence: 8, deny: false }],
      upTo: 8,
    });
    expect(await status(version, "a.m4s")).toBe(200);
  });
});

describe("an edge that cannot read its state", () => {
  test("answers 503, remembered tokens or not, and starts over with an empty cache", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", "x");
    expect(await status(version, "a.m4s")).toBe(200);
    expect(await cached(version, "a.m4s")).toBe("HIT");
    const slow = await startEdge({
      WASABI_ENDPOINT: origin.endpoint,
      EDGE_TEND_SECONDS: "4",
      EDGE_AWAIT_PURGES: "1",
    });
    try {
      expect((await fetch(slow.url(version, "a.m4s"))).status).toBe(503);
      expect((await fetch(`${slow.control}/readyz`)).status).toBe(503);
      await control(slow, "POST", "/purges", { entries: [], upTo: 5, isWhole: true });
      expect((await fetch(slow.url(version, "a.m4s"))).status).toBe(200);
      const versions = join(slow.cachePath, "state/versions");
      renameSync(versions, `${versions}.gone`);
      expect((await fetch(slow.url(version, "a.m4s"))).status).toBe(503);
      await eventually(async () => {
        expect(await (await control(slow, "GET", "/state")).json()).toEqual({ sequence: 0, waiting: true });
      });
      expect((await fetch(slow.url(version, "a.m4s"))).status).toBe(503);
      await eventually(async () => {
        const told = await control(slow, "POST", "/purges", { entries: [], upTo: 5, isWhole: true });
        expect(told.status).toBe(200);
      });
      const again = await fetch(slow.url(version, "a.m4s"));
      expect([again.status, again.headers.get("x-cache")]).toEqual([200, "MISS"]);
    } finally {
      await slow.end();
    }
  });
});
