import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "#tests/support/eventually.ts";
import { type Behind, openBehind } from "./support/behind.ts";
import { startEdge } from "./support/edge.ts";
import { startOrigin } from "./support/origin.ts";
import { patterned, putPreview } from "./support/previews.ts";

setDefaultTimeout(60_000);

let behind: Behind;
beforeAll(async () => {
  behind = await openBehind();
});
afterAll(() => behind.end());

test("the storage's name means another address: followed without a restart, nobody is turned away", async () => {
  const { origin, version } = behind;
  const other = await startOrigin("127.0.0.2", origin.port);
  const names = `/tmp/rushes-names-${process.pid}`;
  const bin = `${names}.bin`;
  await Bun.write(names, "127.0.0.1");
  await Bun.write(
    `${bin}/getent`,
    `#!/bin/sh\nfor one in $(cat ${names}); do echo "$one STREAM localhost"; done\n`,
  );
  Bun.spawnSync(["chmod", "-R", "755", bin]);
  const moved = await startEdge({
    PATH: `${bin}:${process.env.PATH}`,
    WASABI_ENDPOINT: `http://localhost:${origin.port}`,
    EDGE_DNS_SECONDS: "1",
  });
  try {
    const fetched = async (rest: string) => {
      await putPreview(version, rest, "x");
      return (await fetch(moved.url(version, rest))).status;
    };
    expect(await fetched("dns-0.m4s")).toBe(200);
    expect(other.fetches).toHaveLength(0);
    await Bun.write(names, "127.0.0.2");
    for (let at = 1; at < 40 && other.fetches.length === 0; at++) {
      expect(await fetched(`dns-${at}.m4s`)).toBe(200);
      await Bun.sleep(150);
    }
    expect(other.fetches.length).toBeGreaterThan(0);
  } finally {
    await moved.end();
    await other.close();
    rmSync(names);
    rmSync(bin, { recursive: true });
  }
});

test("the cache folder is wiped under load: every viewer gets whole objects throughout", async () => {
  const { edge, version, read } = behind;
  const names = Array.from({ length: 20 }, (_, at) => `load-${at}.m4s`);
  await Promise.all(names.map((name) => putPreview(version, name, patterned(100_000))));
  const objects = join(edge.cachePath, "objects");
  let isOver = false;
  let [served, bad] = [0, 0];
  const viewers = Array.from({ length: 8 }, async (_, viewer) => {
    for (let at = viewer; !isOver; at++) {
      const answer = await read(names[at % names.length] ?? "");
      served += 1;
      if (answer.status !== 200 || answer.body.length !== 100_000) bad += 1;
    }
  });
  for (let wipe = 0; wipe < 5; wipe++) {
    await eventually(() => expect(served).toBeGreaterThan(20 * (wipe + 1)));
    for (const entry of readdirSync(objects)) rmSync(join(objects, entry), { recursive: true, force: true });
  }
  await eventually(() => expect(served).toBeGreaterThan(120));
  isOver = true;
  await Promise.all(viewers);
  expect(bad).toBe(0);
});

test("the whole cache folder is deleted: it comes back, and so do the objects", async () => {
  const { edge, read, whole } = behind;
  rmSync(join(edge.cachePath, "objects"), { recursive: true });
  await eventually(() => whole("warm.m4s", 60_000));
  await eventually(async () => {
    await whole("warm.m4s", 60_000);
    expect((await read("warm.m4s")).headers.get("x-cache")).toEqual(["HIT"]);
  });
});

test("after a restart the cache is warm", async () => {
  const { origin, whole } = behind;
  const before = origin.fetches.length;
  await whole("warm.m4s", 60_000);
  behind.edge = await behind.edge.restart();
  await whole("warm.m4s", 60_000);
  expect(origin.fetches.length).toBe(before);
});
