import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { xxhash128 } from "hash-wasm";
import { sweepLeftovers } from "#core/previews/sweep-leftovers.ts";
import { listKeys } from "#core/storage/prefix.ts";
import { clip, shortClip } from "#tests/fixtures/clips.ts";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addJob,
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewObject,
  previewText,
  versionOf,
} from "#tests/support/previews.ts";
import { type RunningWorker, startWorker } from "#tests/support/worker.ts";

setDefaultTimeout(300_000);

let room: PreviewRoom;
let worker: RunningWorker;

beforeAll(async () => {
  room = await openPreviewRoom();
  worker = await startWorker(room);
});

afterAll(async () => {
  await worker.stop();
  await room.close();
});

const inState = (versionId: string, ...states: string[]) =>
  eventually(
    async () => {
      const version = await versionOf(room, versionId);
      if (!states.includes(version.state)) throw new Error(`${version.state}: ${version.reason}`);
      return version;
    },
    { withinMs: 240_000, everyMs: 20 },
  );

const jobOf = async (jobId: string) =>
  (await room.resources.sql`select * from preview_jobs where id = ${jobId}`)[0];

const outbox = async (versionId: string) =>
  (
    await room.resources
      .sql`select topic, body from outbox where body -> 'data' ->> 'versionId' = ${versionId} order by id`
  ).map(({ body }) => body.type as string);

const keysOf = async (prefix: string) =>
  (await Array.fromAsync(listKeys(room.storage, room.storage.buckets.previews, prefix))).map(
    ({ key }) => key,
  );

test("a version plays from the repacked source, then from its growing ladder, then as a whole", async () => {
  const path = await clip(12);
  const { versionId, jobId } = await addMaster(room, path);
  const instant = await inState(versionId, "playable");
  expect(instant.preview).toMatchObject({
    jobId,
    complete: false,
    master: "instant.m3u8",
    instant: "instant.m3u8",
  });
  expect(await previewText(room, `${instant.preview.prefix}instant.m3u8`)).toContain("\nr0.m3u8\n");
  const whole = await eventually(async () => {
    const text = await previewText(room, `${instant.preview.prefix}r0.m3u8`);
    expect(text).toContain("#EXT-X-ENDLIST");
    return text;
  });
  expect(
    [...whole.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0),
  ).toBeCloseTo(12, 1);
  expect((await versionOf(room, versionId)).state).toBe("playable"); // long before the ladder is there

  const growing = await eventually(
    async () => {
      const version = await versionOf(room, versionId);
      expect(version.preview.rungs.length).toBe(3);
      return version;
    },
    { withinMs: 240_000 },
  );
  expect(growing.state).toBe("playable");
  const text = await previewText(room, `${growing.preview.prefix}v0.m3u8`);
  expect(text).toContain("#EXT-X-PLAYLIST-TYPE:EVENT");
  expect(text).not.toContain("#EXT-X-ENDLIST");
  expect((await previewObject(room, `${growing.preview.prefix}v0.m3u8`)).cacheControl).toBe(
    "public, max-age=1",
  );
  for (const name of text.split("\n").filter((line) => line.endsWith(".m4s"))) {
    expect((await previewObject(room, growing.preview.prefix + name)).bytes.length).toBeGreaterThan(1000);
  }

  const version = await inState(versionId, "ready");
  const { prefix } = version.preview;
  expect(prefix).toBe(`assets/${versionId}/${jobId}.1/`);
  expect(version.media).toMatchObject({
    frames: 360,
    rate: { num: 30, den: 1 },
    durationSeconds: 12,
    variable: false,
  });
  expect(version.media.loudness.integratedLufs).toBeCloseTo(-21.8, 0);
  expect(await outbox(versionId)).toEqual(["version.playable", "version.ready"]);
  expect(await jobOf(jobId)).toMatchObject({
    state: "done",
    progress: 1,
    engine: "cpu",
    attempts: 1,
    fence: 1,
  });

  const kinds: Record<string, [string, string]> = {
    "master.m3u8": ["application/vnd.apple.mpegurl", "immutable"],
    "v0.m3u8": ["application/vnd.apple.mpegurl", "immutable"],
    "a0.m3u8": ["application/vnd.apple.mpegurl", "immutable"],
    "init_v0.mp4": ["video/mp4", "immutable"],
    "v0_00000.m4s": ["video/iso.segment", "immutable"],
    "poster.jpg": ["image/jpeg", "immutable"],
    "storyboard.vtt": ["text/vtt; charset=utf-8", "immutable"],
    "sprite_000.jpg": ["image/jpeg", "immutable"],
    "peaks.json": ["application/json", "immutable"],
    "peaks.dat": ["application/octet-stream", "immutable"],
  };
  for (const [name, [type, lifetime]] of Object.entries(kinds)) {
    const object = await previewObject(room, prefix + name);
    expect([name, object.contentType, object.cacheControl?.includes(lifetime)]).toEqual([name, type, true]);
  }
  expect(await previewText(room, `${prefix}v0.m3u8`)).toContain("#EXT-X-ENDLIST");

  const bytes = await readFile(path);
  expect(version.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect([version.xxh128.length, version.c4.length]).toEqual([32, 90]);
  const told = worker.progress.filter((entry) => entry.jobId === jobId);
  expect(told.some(({ state, playableSeconds }) => state === "playable" && playableSeconds >= 4)).toBe(true);
});

test("what browsers cannot play as it is waits for its ladder", async () => {
  const path = await fixture("mpeg4-1.avi", (output, folder) =>
    ffmpeg([..."-f lavfi -i testsrc2=s=320x180:r=30:d=9 -c:v mpeg4 -f avi".split(" "), output], folder),
  );
  const { versionId } = await addMaster(room, path);
  const growing = await inState(versionId, "playable");
  expect(growing.preview).toMatchObject({ complete: false, master: "master.m3u8", instant: null });
  expect(await previewText(room, `${growing.preview.prefix}master.m3u8`)).toContain("\nv0.m3u8\n");
  await inState(versionId, "ready");
});

test("files that share an xxh128 share no preview: the SHA-256 of what was read decides", async () => {
  const [mine, theirs] = [await shortClip(2, 32), await shortClip(2, 33)];
  const first = await addMaster(room, theirs);
  await inState(first.versionId, "ready", "failed");
  const bytes = await readFile(mine);
  const xxh128 = await xxhash128(bytes);
  await room.resources
    .sql`update versions set xxh128 = ${xxh128}, bytes = ${bytes.length} where id = ${first.versionId}`;
  const second = await addMaster(room, mine, { clientXxh128: xxh128 });
  const two = await inState(second.versionId, "ready", "failed");
  expect((await jobOf(second.jobId))?.result).not.toHaveProperty("copiedFrom");
  expect(two.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
});

test.each([
  ["SHA-256", 30, (sha256: string, _: string) => ({ clientSha256: sha256 })],
  ["XXH128", 31, (_: string, xxh128: string) => ({ clientXxh128: xxh128 })],
])(
  "the same bytes by %s are built once: the second version gets copies under its own prefix",
  async (_, seed, said) => {
    const path = await shortClip(2, seed);
    const bytes = await readFile(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const first = await addMaster(room, path, said(sha256, await xxhash128(bytes)));
    const one = await inState(first.versionId, "ready", "failed");
    const second = await addMaster(room, path, said(sha256, await xxhash128(bytes)));
    const two = await inState(second.versionId, "ready", "failed");
    expect((await jobOf(second.jobId))?.result).toMatchObject({ copiedFrom: first.jobId });
    expect(two.preview.prefix).toStartWith(`assets/${second.versionId}/`);
    expect(two.sha256).toBe(sha256);
    expect(two.media).toEqual(one.media);
    const names = (keys: string[], prefix: string) =>
      keys.map((key) => key.slice(prefix.length)).filter((name) => !/^(instant|ra?0|init_r)/.test(name));
    expect(names(await keysOf(two.preview.prefix), two.preview.prefix)).toEqual(
      names(await keysOf(one.preview.prefix), one.preview.prefix),
    );
    const copy = await previewObject(room, `${two.preview.prefix}master.m3u8`);
    expect(copy.contentType).toBe("application/vnd.apple.mpegurl");
  },
);

test("another recipe builds beside what is shown and replaces it in one step", async () => {
  const { versionId, jobId } = await addMaster(room, await shortClip(2, 60));
  const before = await inState(versionId, "ready");
  const cube = `LUT_3D_SIZE 2\n${Array.from({ length: 8 }, (_, i) => `${1 - (i & 1)} ${1 - ((i >> 1) & 1)} ${1 - (i >> 2)}`).join("\n")}\n`;
  const again = await addJob(room, versionId, {
    watermark: "for Ava: 100% 'secret' \\ %{pts}",
    lut: cube,
    loudness: -16,
  });
  await eventually(
    async () => {
      const version = await versionOf(room, versionId);
      expect(version.state).toBe("ready"); // never anything else on the way
      expect((await jobOf(again))?.state).toBe("done");
    },
    { withinMs: 240_000 },
  );
  const after = await versionOf(room, versionId);
  expect([before.preview.jobId, after.preview.jobId]).toEqual([jobId, again]);
  expect(after.preview.recipeHash).not.toBe(before.preview.recipeHash);
  const poster = async (prefix: string) =>
    Buffer.from((await previewObject(room, `${prefix}poster.jpg`)).bytes);
  expect((await poster(after.preview.prefix)).equals(await poster(before.preview.prefix))).toBe(false);
  const purges = await room.resources
    .sql`select 1 from outbox where topic = 'edge:purge' and body ->> 'id' = ${versionId}`;
  expect(purges.length).toBeGreaterThan(0);
});

test("what a replaced preview and a repacked source leave behind is swept after a while", async () => {
  const { versionId } = await addMaster(room, await shortClip(5, 75));
  const first = await inState(versionId, "ready");
  const again = await addJob(room, versionId, { watermark: "second" });
  await eventually(async () => expect((await jobOf(again))?.state).toBe("done"), { withinMs: 240_000 });
  const second = await versionOf(room, versionId);
  const sweep = (graceMs: number) =>
    sweepLeftovers(room.resources, { graceMs, limit: 100, signal: new AbortController().signal });
  expect((await keysOf(first.preview.prefix)).some((key) => key.endsWith("/r0.m3u8"))).toBe(true);
  await sweep(3_600_000);
  expect((await keysOf(first.preview.prefix)).length).toBeGreaterThan(5); // somebody may still be watching
  await sweep(0);
  expect(await keysOf(first.preview.prefix)).toEqual([]);
  const left = (await keysOf(second.preview.prefix)).map((key) => key.slice(second.preview.prefix.length));
  expect(left).toContain("master.m3u8");
  expect(left.filter((name) => /^(instant|ra?0|init_r)/.test(name))).toEqual([]);
  expect(await sweep(0)).toBe(0);
});

test("a cancelled build stops at once, leaves nothing, and is not shown", async () => {
  const { versionId, jobId } = await addMaster(room, await clip(12), {});
  await inState(versionId, "playable");
  await room.resources
    .sql`update preview_jobs set state = 'cancelled', finished_at = now() where id = ${jobId}`;
  await eventually(async () => {
    expect(worker.outcomes.at(-1)?.outcome).toBe("lost");
    expect(await keysOf(`assets/${versionId}/`)).toEqual([]);
  });
  expect((await jobOf(jobId))?.state).toBe("cancelled");
});

test("a hint that comes twice, or too late, changes nothing", async () => {
  const { versionId, jobId } = await addMaster(room, await shortClip(2, 120));
  await room.queue.enqueue(
    Array.from({ length: 5 }, () => ({ key: jobId, body: { v: 1 as const, id: jobId } })),
  );
  await inState(versionId, "ready");
  await room.queue.enqueue([
    { key: jobId, body: { v: 1, id: jobId } },
    { key: "gone", body: { v: 1, id: "job_00000000000000000000000000" } },
  ]);
  await eventually(
    async () => {
      const { ready, leased, delayed } = await room.queue.stats();
      expect(ready + leased + delayed).toBe(0);
    },
    { withinMs: 240_000 },
  );
  expect(await jobOf(jobId)).toMatchObject({ attempts: 1, fence: 1, state: "done" });
  expect(await outbox(versionId)).toEqual(["version.playable", "version.ready"]);
});

test("a job that was claimed again is not the old worker's to finish", async () => {
  const { versionId, jobId } = await addMaster(room, await clip(12));
  await inState(versionId, "playable");
  // What a second worker does after the first was silent for a lease.
  await room.resources
    .sql`update preview_jobs set fence = fence + 1, heartbeat_at = now() - interval '1 hour' where id = ${jobId}`;
  await eventually(async () => expect(worker.outcomes.at(-1)?.outcome).toBe("lost"));
  // People watch it until the next worker has more.
  expect(await keysOf(`assets/${versionId}/${jobId}.1/`)).not.toEqual([]);
  await room.queue.enqueue([{ key: jobId, body: { v: 1, id: jobId } }]);
  const version = await inState(versionId, "ready");
  expect(version.preview.prefix).toBe(`assets/${versionId}/${jobId}.3/`);
  await eventually(async () => {
    const prefixes = new Set((await keysOf(`assets/${versionId}/`)).map((key) => key.split("/")[2]));
    expect([...prefixes]).toEqual([`${jobId}.3`]);
  });
});

test("a job that ended every worker before is given up with a reason", async () => {
  const { versionId } = await addMaster(room, await shortClip(2, 150), { attempts: 5 });
  const version = await inState(versionId, "failed", "ready");
  expect([version.state, version.reason_code]).toEqual(["failed", "gave-up"]);
});
