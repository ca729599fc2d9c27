import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { deliverPurges } from "#core/edge/deliver-purges.ts";
import { edgesOf } from "#core/edge/edges.ts";
import { latestSequence, purgeVersion } from "#core/edge/generation-log.ts";
import { hydrateVersion } from "#core/edge/hydrate-version.ts";
import type { Resources } from "#core/resources.ts";
import { startBackground } from "#functions/background.ts";
import { eventually } from "#tests/support/eventually.ts";
import { seedPeople } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import { previewAt, seedVersion } from "#tests/support/versions.ts";
import { control, type Edge, purgeKey, startEdge } from "./support/edge.ts";
import { type Origin, startOrigin } from "./support/origin.ts";
import { ownVersion, putPreview } from "./support/previews.ts";
import { putStream } from "./support/stream.ts";

setDefaultTimeout(60_000);

let origin: Origin;
let edges: [Edge, Edge];
let resources: Resources;
let projectId: string;

beforeAll(async () => {
  origin = await startOrigin();
  const change = { WASABI_ENDPOINT: origin.endpoint, EDGE_WORKERS: "1" };
  edges = [await startEdge(change), await startEdge({ ...change, EDGE_AWAIT_PURGES: "1" })];
  resources = await testResources({
    EDGE_PURGE_URLS: edges.map((edge) => edge.control).join(","),
    EDGE_PURGE_KEY: purgeKey,
  });
  projectId = (await seedPeople(resources)).projectId;
});
afterAll(async () => {
  await resources.close();
  for (const edge of edges) await edge.end();
  await origin.close();
});

const fleet = () => edgesOf(resources.config);
const deliver = async () => (await deliverPurges(resources, fleet())).map((one) => one.fault === undefined);
const status = async (edge: Edge, version: string, rest = "a.m4s") =>
  (await fetch(edge.url(version, rest))).status;
const cached = async (edge: Edge, version: string, rest: string) =>
  (await fetch(edge.url(version, rest))).headers.get("x-cache");
const folderOf = (version: string, job: string) => previewAt(version, job).prefix.split("/")[2] ?? "";

async function shownVersion(): Promise<{ version: string; folder: string }> {
  const { versionId } = await seedVersion(resources, { projectId });
  const [row] = await resources.sql<{ prefix: string }[]>`
    select preview ->> 'prefix' as prefix from versions where id = ${versionId}`;
  const folder = row?.prefix.split("/")[2] ?? "";
  await putStream(versionId, folder);
  return { version: versionId, folder };
}

describe("the generation log", () => {
  test("an edge that awaits it serves nothing before it has it, and one that does not serves at once", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", "x");
    expect(await status(edges[0], version)).toBe(200);
    expect(await status(edges[1], version)).toBe(503);
    expect(await deliver()).toEqual([true, true]);
    expect(await status(edges[1], version)).toBe(200);
  });

  test("reaches every edge", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", "x");
    for (const edge of edges) expect(await status(edge, version)).toBe(200);
    await resources.sql.begin((tx) => purgeVersion(tx, version, { deny: true }));
    expect(await deliver()).toEqual([true, true]);
    for (const edge of edges) expect(await status(edge, version)).toBe(410);
    await resources.sql.begin((tx) => purgeVersion(tx, version));
    await deliver();
    for (const edge of edges) expect(await status(edge, version)).toBe(410);
    await resources.sql.begin((tx) => purgeVersion(tx, version, { deny: false }));
    await deliver();
    for (const edge of edges) expect(await status(edge, version)).toBe(200);
  });

  test("an edge that was down catches up, and holds up nobody meanwhile", async () => {
    const version = ownVersion();
    await putPreview(version, "a.m4s", "x");
    for (const edge of edges) await status(edge, version);
    await edges[1].stop();
    await purgeVersion(resources.sql, version, { deny: true });
    expect(await deliver()).toEqual([true, false]);
    expect(await status(edges[0], version)).toBe(410);
    edges[1] = await edges[1].restart();
    expect(await status(edges[1], version)).toBe(503);
    expect(await deliver()).toEqual([true, true]);
    expect(await status(edges[1], version)).toBe(410);
  });

  test("an edge that lost its disk gets the whole of it", async () => {
    const denied = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const version = ownVersion();
        await putPreview(version, "a.m4s", "x");
        await purgeVersion(resources.sql, version, { deny: true });
        return version;
      }),
    );
    await deliver();
    await edges[1].stop();
    Bun.spawnSync(["rm", "-rf", edges[1].cachePath]);
    edges[1] = await edges[1].restart();
    expect(await (await control(edges[1], "GET", "/state")).json()).toEqual({ sequence: 0, waiting: true });
    expect(await deliver()).toEqual([true, true]);
    for (const version of denied) expect(await status(edges[1], version)).toBe(410);
    expect(await (await control(edges[1], "GET", "/state")).json()).toEqual({
      sequence: await latestSequence(resources.sql),
      waiting: false,
    });
  });

  test("has commit order: what a slow transaction writes is not skipped", async () => {
    const [slow, quick] = [ownVersion(), ownVersion()];
    let quickDone: Promise<number> | undefined;
    await resources.sql.begin(async (tx) => {
      await purgeVersion(tx, slow, { deny: true });
      quickDone = purgeVersion(resources.sql, quick, { deny: true });
      await deliver();
      expect(await Promise.race([quickDone, Bun.sleep(200).then(() => "waits")])).toBe("waits");
    });
    await quickDone;
    await deliver();
    for (const version of [slow, quick]) expect(await status(edges[0], version)).toBe(410);
  });
});

describe("what the product does to a version", () => {
  let background: { stop(): Promise<void> };
  beforeAll(() => {
    background = startBackground(resources);
  });
  afterAll(() => background.stop());

  test("deleting it answers 410 on every edge within a second, on a warm cache", async () => {
    const { version, folder } = await shownVersion();
    const names = ["master.m3u8", "v0.m3u8", "init_v0.mp4", "v0_00000.m4s"].map(
      (name) => `${folder}/${name}`,
    );
    for (const edge of edges) for (const name of names) expect(await status(edge, version, name)).toBe(200);
    const began = performance.now();
    await resources.sql`update versions set deleted_at = now() where id = ${version}`;
    await eventually(async () => {
      for (const edge of edges) for (const name of names) expect(await status(edge, version, name)).toBe(410);
    });
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test("a rebuild makes edges forget the preview it replaces", async () => {
    const { version, folder } = await shownVersion();
    expect(await status(edges[0], version, `${folder}/v0.m3u8`)).toBe(200);
    const next = { ...previewAt(version, "job_next"), jobId: "job_next" };
    await resources.sql`update versions set preview = ${resources.sql.json(next as never)} where id = ${version}`;
    await eventually(async () => {
      expect(await (await control(edges[0], "GET", "/state")).json()).toMatchObject({
        sequence: await latestSequence(resources.sql),
      });
    });
    expect(await cached(edges[0], version, `${folder}/v0.m3u8`)).toBe("MISS");
  });

  test("what becomes ready is warm before anybody asks: playlists, inits, first segments", async () => {
    const { versionId } = await seedVersion(resources, { projectId, state: "mastered" });
    const folder = folderOf(versionId, "job_warm");
    await putStream(versionId, folder, { rungs: 3 });
    const preview = previewAt(versionId, "job_warm");
    await resources.sql`
      update versions set state = 'ready', preview = ${resources.sql.json(preview as never)} where id = ${versionId}`;
    await eventually(() => {
      const fetched = origin.fetches.filter((one) => one.target.includes(`${versionId}/${folder}/`)).length;
      // per edge: the master, and for each rung its playlist, init and two segments, then poster, storyboard and peaks
      expect(fetched).toBe(2 * (1 + 3 * 4 + 3));
    });
    for (const edge of edges) {
      const first = ["master.m3u8", "v2.m3u8", "init_v2.mp4", "v2_00000.m4s", "v2_00001.m4s", "poster.jpg"];
      for (const name of first) expect(await cached(edge, versionId, `${folder}/${name}`)).toBe("HIT");
      expect(await cached(edge, versionId, `${folder}/v2_00002.m4s`)).toBe("MISS");
    }
  });
});

describe("hydration", () => {
  test("is bounded, counts what it did, and leaves a denied version alone", async () => {
    const { version, folder } = await shownVersion();
    expect(await hydrateVersion(resources, fleet(), version)).toEqual([
      { warmed: 12, failed: 0 },
      { warmed: 12, failed: 0 },
    ]);
    const none = await control(edges[0], "POST", `/hydrate/${version}`, {
      folder: "job_unknown.1",
      names: ["master.m3u8"],
    });
    expect(await none.json()).toMatchObject({ warmed: 0 });
    const names = ["master.m3u8"];
    for (const body of [
      { folder: "../b2", names },
      { folder, names, segments: 99 },
      { folder },
      { folder, names: ["../x"] },
      { folder, names: [7] },
      {},
    ])
      expect((await control(edges[0], "POST", `/hydrate/${version}`, body)).status).toBe(400);
    await control(edges[0], "POST", `/purge/${version}`, { deny: true });
    const denied = await control(edges[0], "POST", `/hydrate/${version}`, { folder, names });
    expect(await denied.json()).toMatchObject({ warmed: 0 });
  });

  test("asks for nothing that the version does not show yet", async () => {
    const { version, folder } = await shownVersion();
    const growing = {
      ...previewAt(version, folder.slice(0, -2)),
      poster: null,
      storyboard: null,
      peaks: null,
    };
    await resources.sql`update versions set preview = ${resources.sql.json(growing as never)} where id = ${version}`;
    const before = origin.fetches.length;
    expect(await hydrateVersion(resources, fleet().slice(0, 1), version)).toEqual([{ warmed: 9, failed: 0 }]);
    const asked = origin.fetches.slice(before).filter((one) => one.target.includes(version));
    expect(asked.filter(({ target }) => /poster|storyboard|peaks/.test(target))).toEqual([]);
  });

  test("takes at most two fetches at a time, and a third hydration is sent away", async () => {
    const { version, folder } = await shownVersion();
    let [now, most] = [0, 0];
    origin.fault = (target) => {
      if (!target.includes(version)) return { kind: "none" };
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
      }, 290);
      return { kind: "slow", ms: 300 };
    };
    const hydrations = await Promise.all(
      Array.from({ length: 4 }, () =>
        control(edges[0], "POST", `/hydrate/${version}`, { folder, names: ["master.m3u8"] }),
      ),
    );
    origin.fault = () => ({ kind: "none" });
    expect(most).toBeLessThanOrEqual(4);
    expect(hydrations.filter((one) => one.status === 503).length).toBeGreaterThanOrEqual(2);
  });
});
