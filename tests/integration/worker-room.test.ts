import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readConfig } from "#core/config.ts";
import { deletePrefix, listKeys } from "#core/storage/prefix.ts";
import { keysOf, openStorage, type Storage } from "#core/storage/storage.ts";
import { makeBuckets } from "#dev/buckets.ts";
import { limitBucket } from "#dev/ceph.ts";
import { openInstance } from "#dev/instance.ts";
import { clip, shortClip } from "#tests/fixtures/clips.ts";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { eventually } from "#tests/support/eventually.ts";
import { canMount, ownMounts } from "#tests/support/mounts.ts";
import {
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewText,
  type SeededMaster,
  versionOf,
} from "#tests/support/previews.ts";
import { openStorageProxy, type StorageFault, type StorageProxy } from "#tests/support/storage-proxy.ts";
import { type RunningWorker, slowSandbox, startWorker } from "#tests/support/worker.ts";
import { spawnWorker } from "#tests/support/worker-process.ts";

setDefaultTimeout(300_000);

const buckets = {
  staging: "rushes-room-staging",
  masters: "rushes-room-masters",
  previews: "rushes-room-previews",
  docs: "rushes-room-docs",
};

/** What no browser plays as it is, so that the ladder is all there is. */
const mute = (seconds: number) =>
  fixture(`mpeg4-720p30-${seconds}s-1.mp4`, (output, folder) =>
    ffmpeg(
      [
        ...["-f", "lavfi", "-i", `testsrc2=size=1280x720:rate=30:duration=${seconds}`],
        ...["-c:v", "mpeg4", "-q:v", "8", "-f", "mp4", output],
      ],
      folder,
    ),
  );

let room: PreviewRoom;
let proxy: StorageProxy;
beforeAll(async () => {
  await makeBuckets(adminStorage.s3, buckets, {
    site: "http://localhost",
    days: 120,
    lockMode: "GOVERNANCE",
  });
  room = await openPreviewRoom();
  proxy = await openStorageProxy(room.storage.endpoint);
});
afterAll(async () => {
  await proxy.close();
  await room.close();
});

async function jobOf(jobId: string) {
  const [row] = await room.resources.sql`select * from preview_jobs where id = ${jobId}`;
  return row ?? {};
}

async function inState({ versionId }: SeededMaster, state: string) {
  return eventually(
    async () => {
      const version = await versionOf(room, versionId);
      if (version.state !== state) throw new Error(`${version.state}: ${version.reason}`);
      return version;
    },
    { withinMs: 120_000 },
  );
}

const waits = ({ jobId }: SeededMaster) =>
  eventually(
    async () => {
      const job = await jobOf(jobId);
      if (job.state !== "queued" || !job.waiting) throw new Error(`${job.state}, waiting for ${job.waiting}`);
      return job;
    },
    { withinMs: 120_000 },
  );

async function keysBelow(storage: Storage, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of listKeys(storage, storage.buckets.previews, prefix)) keys.push(key);
  return keys;
}

/** Builds with the storage behind the proxy. */
async function behindProxy(work: (worker: RunningWorker) => Promise<void>): Promise<void> {
  const config = readConfig({ ...room.environment, WASABI_ENDPOINT: proxy.url }, "worker");
  const storage = openStorage(config, keysOf(config, "worker"));
  const worker = await startWorker(room, { concurrency: 1, tools: { storage, sandbox: slowSandbox() } });
  try {
    await work(worker);
  } finally {
    await worker.stop();
    storage.s3.destroy();
  }
}

test("a file that does not arrive the quick way arrives the patient way", async () => {
  const faults: StorageFault[] = [
    { kind: "status", status: 503 },
    { kind: "reset" },
    { kind: "lose-answer" },
    { kind: "status", status: 403 },
  ];
  const failed = new Set<string>();
  proxy.decide = (line) => {
    const [path = "", query] = line.split(" ")[1]?.split("?") ?? [];
    const isQuick = line.startsWith("PUT ") && query?.includes("X-Amz-Signature");
    if (!isQuick || failed.has(path)) return { kind: "pass" };
    failed.add(path);
    return faults[failed.size % faults.length] ?? { kind: "pass" };
  };
  await behindProxy(async () => {
    const master = await addMaster(room, await shortClip(5, 11));
    const { preview } = await inState(master, "ready");
    const text = await previewText(room, `${preview.prefix}v0.m3u8`);
    const named = text.match(/^v0_\d+\.m4s$/gm) ?? [];
    expect(text).toContain("#EXT-X-ENDLIST");
    const there = await keysBelow(room.storage, preview.prefix);
    for (const name of named) expect(there).toContain(preview.prefix + name);
    expect(failed.size).toBeGreaterThan(10);
    expect(await jobOf(master.jobId)).toMatchObject({ state: "done", attempts: 1 });
  });
});

test("a build for which the storage has no room waits, leaves nothing, says why, and is made when there is room", async () => {
  const instance = await openInstance("test", { claim: [] });
  const storage = { ...room.storage, buckets: { ...room.storage.buckets, previews: buckets.previews } };
  const worker = await startWorker(room, { tools: { storage } });
  const base = (versionId: string) => `assets/${versionId}/`;
  try {
    await limitBucket(instance, buckets.previews, 1);
    const master = await addMaster(room, await clip(12));
    expect(await waits(master)).toMatchObject({
      attempts: 0,
      waiting: expect.stringContaining("The storage is full. Nothing is lost"),
    });
    expect((await versionOf(room, master.versionId)).state).toBe("building");
    expect(await keysBelow(storage, base(master.versionId))).toEqual([]);

    await limitBucket(instance, buckets.previews, 1024 ** 3);
    const { preview } = await inState(master, "ready");
    expect(await jobOf(master.jobId)).toMatchObject({ attempts: 1, waiting: null });
    expect(await keysBelow(storage, preview.prefix)).toContain(`${preview.prefix}master.m3u8`);
    await deletePrefix(storage, buckets.previews, base(master.versionId));
  } finally {
    await worker.stop();
    await limitBucket(instance, buckets.previews, 1024 ** 3);
  }
});

test("what people watch stays when the storage becomes full, and the rest is built when it is not", async () => {
  let isFull = false;
  proxy.decide = (line) =>
    isFull && line.startsWith("PUT ") ? { kind: "status", status: 507 } : { kind: "pass" };
  await behindProxy(async () => {
    const master = await addMaster(room, await mute(16));
    const { preview } = await inState(master, "playable");
    isFull = true;
    expect((await waits(master)).attempts).toBe(0);
    const shown = await versionOf(room, master.versionId);
    expect(shown).toMatchObject({ state: "playable", preview: { prefix: preview.prefix } });
    const there = await keysBelow(room.storage, preview.prefix);
    expect(there).toContain(preview.prefix + preview.master);
    isFull = false;
    await inState(master, "ready");
    await eventually(async () => expect(await keysBelow(room.storage, preview.prefix)).toEqual([]));
  });
});

describe.skipIf(!canMount)("a scratch disk without room", () => {
  test("makes builds wait, not fail, and they go on when there is room", async () => {
    const mount = `mount -t tmpfs -o size=128m,mode=700 tmpfs "$SCRATCH_PATH" && head -c 134000000 /dev/zero > "$SCRATCH_PATH/other" && exec "$@"`;
    const worker = await spawnWorker(room, {}, ["unshare", ...ownMounts, "sh", "-c", mount, "sh"]);
    const inside = `/proc/${worker.pid}/root${worker.scratch}`;
    try {
      const masters = [await addMaster(room, await mute(16)), await addMaster(room, await shortClip(5, 12))];
      for (const master of masters) {
        expect(await waits(master)).toMatchObject({
          attempts: 0,
          waiting: expect.stringContaining("disk of the preview worker is full. Nothing is lost"),
        });
        expect(["building", "playable"]).toContain((await versionOf(room, master.versionId)).state);
      }
      await rm(join(inside, "other"));
      for (const master of masters) await inState(master, "ready");
    } finally {
      await worker.remove();
    }
  });
});
