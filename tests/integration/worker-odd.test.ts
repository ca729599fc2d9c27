import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { playlistSeconds } from "#gpu/playlist.ts";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewText,
  versionOf,
} from "#tests/support/previews.ts";
import { type RunningWorker, startWorker } from "#tests/support/worker.ts";

setDefaultTimeout(120_000);

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

const words = (text: string) => text.split(" ");
const made = (name: string, argv: string) =>
  fixture(`odd-1/${name}`, (output, folder) => ffmpeg([...words(argv), output], folder));
const picture = "-f lavfi -i testsrc2=s=320x180:r=25:d=3";
const sound = "-f lavfi -i sine=f=440:d=3";
const h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

async function built(path: string) {
  const { versionId } = await addMaster(room, path);
  return eventually(
    async () => {
      const version = await versionOf(room, versionId);
      if (!["ready", "failed"].includes(version.state)) throw new Error(version.state);
      return version;
    },
    { withinMs: 100_000 },
  );
}

test("a picture that stands still for twenty seconds lasts as long as its frames say", async () => {
  const gap = "-vf setpts=(N+500*gt(N\\,50))/25/TB -fps_mode passthrough -f matroska";
  const version = await built(await made("gap.mkv", `${picture} ${h264} ${gap}`));
  expect([version.state, version.reason]).toEqual(["ready", null]);
  expect(version.media).toMatchObject({ frames: 75, variable: true, durationSeconds: 23 });
  const list = await previewText(room, `${version.preview.prefix}v0.m3u8`);
  expect(playlistSeconds(list)).toBeCloseTo(23, 3);
});

test("sound of twelve channels that nobody named is heard as stereo", async () => {
  const path = await fixture("odd-1/twelve.wav", async (output) => {
    const head = Buffer.alloc(44);
    const data = Buffer.alloc(48_000 * 24);
    for (let n = 0; n < 48_000; n++)
      for (let channel = 0; channel < 12; channel++)
        data.writeInt16LE(8000 * Math.sin(n * 0.05 * (channel + 1)), (n * 12 + channel) * 2);
    head.write("RIFF", 0, "latin1");
    head.writeUInt32LE(36 + data.length, 4);
    head.write("WAVEfmt ", 8, "latin1");
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(12, 22);
    head.writeUInt32LE(48_000, 24);
    head.writeUInt32LE(48_000 * 24, 28);
    head.writeUInt16LE(24, 32);
    head.writeUInt16LE(16, 34);
    head.write("data", 36, "latin1");
    head.writeUInt32LE(data.length, 40);
    await writeFile(output, Buffer.concat([head, data]));
  });
  const version = await built(path);
  expect([version.state, version.reason]).toEqual(["ready", null]);
  expect(version.media).toMatchObject({ kind: "audio", durationSeconds: 1 });
  expect(version.media.loudness.integratedLufs).toBeGreaterThan(-40);
});

test("a recording in which another program follows says that only one picture is shown", async () => {
  const first = await made("program.ts", `${picture} ${sound} ${h264} -c:a aac -f mpegts`);
  const second = await made(
    "program-7.ts",
    `${picture} ${sound} ${h264} -c:a aac -mpegts_service_id 7 -streamid 0:301 -streamid 1:302 -f mpegts`,
  );
  const path = await fixture("odd-1/programs.ts", async (output) =>
    writeFile(output, Buffer.concat([await readFile(first), await readFile(second)])),
  );
  const version = await built(path);
  expect([version.state, version.reason]).toEqual(["ready", null]);
  expect(version.preview.warnings).toEqual(["The file holds 2 pictures; the preview shows the first."]);
});

test("a file that ends in the middle of its index is incomplete, however much of it can be read", async () => {
  const whole = await readFile(await made("whole.mp4", `${picture} ${sound} ${h264} -c:a aac -f mp4`));
  for (const missing of [1, 700]) {
    const path = await fixture(`odd-1/short-${missing}.mp4`, (output) =>
      writeFile(output, whole.subarray(0, -missing)),
    );
    const version = await built(path);
    expect([version.state, version.reason_code]).toEqual(["failed", "truncated"]);
    expect(version.reason).toContain("Copy it again");
  }
});

test("a file of two thousand tracks is refused for that", async () => {
  const whole = await readFile(await made("whole.mp4", `${picture} ${sound} ${h264} -c:a aac -f mp4`));
  const path = await fixture("odd-1/tracks.mp4", (output) => {
    const moov = whole.indexOf("moov") - 4;
    const trak = whole.indexOf("trak") - 4;
    const end = trak + whole.readUInt32BE(trak);
    const tracks = Array.from({ length: 2000 }, () => whole.subarray(trak, end));
    const index = Buffer.concat([whole.subarray(moov, trak), ...tracks, whole.subarray(end)]);
    index.writeUInt32BE(index.length, 0);
    return writeFile(output, Buffer.concat([whole.subarray(0, moov), index]));
  });
  const version = await built(path);
  expect([version.state, version.reason_code]).toEqual(["failed", "too-many-streams"]);
});
