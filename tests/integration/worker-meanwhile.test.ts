import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { generationsAfter } from "#core/edge/generation-log.ts";
import { playlistSeconds } from "#gpu/playlist.ts";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addJob,
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewText,
  versionOf,
} from "#tests/support/previews.ts";
import { type RunningWorker, slowSandbox, startWorker } from "#tests/support/worker.ts";

setDefaultTimeout(300_000);

let room: PreviewRoom;
let worker: RunningWorker;

const words = (text: string) => text.split(" ");

const clip = (name: string, seconds: number, codec: string) =>
  fixture(`lane-2/${name}`, (output, folder) =>
    ffmpeg(
      [...words(`-f lavfi -i testsrc2=s=320x180:r=30:d=${seconds} ${codec} -g 30 -bf 0 -f mp4`), output],
      folder,
    ),
  );
const mpeg4 = "-c:v mpeg4 -q:v 8";
const h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

beforeAll(async () => {
  room = await openPreviewRoom();
  worker = await startWorker(room, {
    concurrency: 1,
    tools: { sandbox: slowSandbox(), fileBytes: 2_000_000 },
  });
});

afterAll(async () => {
  await worker.stop();
  await room.close();
});

async function inState(versionId: string, states: string[], withinMs: number) {
  return eventually(
    async () => {
      const version = await versionOf(room, versionId);
      if (!states.includes(version.state)) throw new Error(`${version.state}: ${version.reason}`);
      return version;
    },
    { withinMs },
  );
}
const isShown = (versionId: string) => inState(versionId, ["playable", "ready"], 20_000);

async function jobOf(jobId: string) {
  const [row] = await room.resources.sql`select * from preview_jobs where id = ${jobId}`;
  return row ?? {};
}

test("a long build holds up nobody's first picture, and everything is finished in the end", async () => {
  const long = await addMaster(room, await clip("long.mp4", 60, mpeg4));
  await isShown(long.versionId);
  // The next is long as well: it stops when it can be watched and somebody else cannot watch anything.
  const second = await addMaster(room, await clip("second.mp4", 50, h264));
  const { preview } = await isShown(second.versionId);
  const short = await addMaster(room, await clip("short.mp4", 8, mpeg4));
  await isShown(short.versionId);

  expect((await jobOf(long.jobId)).state).toBe("running");
  expect((await jobOf(second.jobId)).state).toBe("queued");
  const waiting = await versionOf(room, second.versionId);
  expect([waiting.state, waiting.preview.prefix]).toEqual(["playable", preview.prefix]);
  const list = await previewText(room, `${preview.prefix}r0.m3u8`);
  expect([playlistSeconds(list), list.includes("#EXT-X-ENDLIST")]).toEqual([50, true]);

  for (const { versionId, jobId } of [short, long, second]) {
    const version = await inState(versionId, ["ready"], 120_000);
    expect(version.preview.complete).toBe(true);
    expect(await jobOf(jobId)).toMatchObject({
      state: "done",
      attempts: 1,
      fence: jobId === second.jobId ? 2 : 1,
    });
  }
});

test("a master that is not what was sent is taken back from those who watch it already", async () => {
  const { sql } = room.resources;
  const wrong = { clientSha256: "1".repeat(64), recipe: { watermark: "wrong" } };
  const { versionId } = await addMaster(
    room,
    await clip("wrong.mp4", 15, `-vf noise=alls=60:allf=t -c:v mpeg4 -q:v 2`),
    wrong,
  );
  const told = async () => {
    const rows = await sql`
      select body ->> 'type' as type from outbox where body -> 'data' ->> 'versionId' = ${versionId} order by id`;
    return rows.map(({ type }) => type);
  };
  const isDenied = async () =>
    (await generationsAfter(sql, 0, 10_000)).find((one) => one.versionId === versionId)?.deny;
  const version = await inState(versionId, ["failed"], 60_000);
  expect(await told()).toEqual(["version.playable", "master.mismatch", "version.failed"]);
  expect([version.reason_code, version.preview]).toEqual(["master-mismatch", null]);
  expect(await isDenied()).toBe(true);

  // Nothing is shown again before all of it was read and found right.
  await sql`update versions set client_sha256 = null where id = ${versionId}`;
  await addJob(room, versionId, { watermark: "right" });
  await inState(versionId, ["ready"], 60_000);
  expect((await told()).slice(3)).toEqual(["version.ready"]);
  expect(await isDenied()).toBe(false);
});

test("what is on screen already waits for its turn", async () => {
  const seen = await addMaster(room, await clip("short.mp4", 8, mpeg4));
  await inState(seen.versionId, ["ready"], 60_000);
  const long = await addMaster(room, await clip("long.mp4", 60, mpeg4), { recipe: { watermark: "long" } });
  await isShown(long.versionId);
  const again = await addJob(room, seen.versionId, { watermark: "again" });
  const fresh = await addMaster(room, await clip("short.mp4", 8, mpeg4), { recipe: { watermark: "new" } });
  await isShown(fresh.versionId);
  expect((await jobOf(again)).state).toBe("queued");
});
