import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { playlistSeconds } from "#gpu/playlist.ts";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewObject,
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

test("a recording that pauses for five minutes keeps its times, and is not cut to pieces afterwards", async () => {
  const pause = "-vf setpts=(N+9000*gt(N\\,60))/30/TB -fps_mode passthrough -f mp4";
  const moving = "-f lavfi -i testsrc2=s=320x180:r=30:d=12 -f lavfi -i sine=f=440:d=312";
  const version = await built(await made("pause.mp4", `${moving} ${h264} -c:a aac ${pause}`));
  expect([version.state, version.reason]).toEqual(["ready", null]);
  expect(version.media).toMatchObject({ frames: 360, variable: true, durationSeconds: 312 });
  const list = await previewText(room, `${version.preview.prefix}v0.m3u8`);
  expect(playlistSeconds(list)).toBeCloseTo(312, 3);
  expect(list.match(/^v0_\d+/gm)?.length).toBeLessThan(8);
  // From the second frame after the pause on: ffmpeg 5 lets the first one stand through it.
  expect(version.media.pts.slice(62)).toEqual(
    Array.from({ length: 298 }, (_, n) => expect.closeTo((9062 + n) / 30, 3)),
  );
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

/** The average colour of the first pictures of a preview, as Y, U and V. */
async function colourOf(prefix: string): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "rushes-colour-"));
  try {
    const parts = ["init_v0.mp4", "v0_00000.m4s"].map((name) => previewObject(room, prefix + name));
    const bytes = (await Promise.all(parts)).map((part) => part.bytes);
    await writeFile(join(folder, "clip.mp4"), Buffer.concat(bytes));
    await ffmpeg(
      words("-i clip.mp4 -vf scale=2:2:flags=area,format=yuv444p -frames:v 1 -f rawvideo colour"),
      folder,
    );
    const colour = await readFile(join(folder, "colour"));
    return [colour[0] ?? 0, colour[4] ?? 0, colour[8] ?? 0];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test.each([
  ["bt2020", "bt2020nc", "bt2020-10", "-color_primaries bt2020 -colorspace bt2020nc -color_trc bt2020-10"],
  ["smpte432", "bt709", "bt709", "-color_primaries smpte432 -colorspace bt709 -color_trc bt709"],
])("red in the primaries of %s is the same red in the preview", async (primaries, matrix, transfer, tags) => {
  const red = "-f lavfi -i color=c=0xc01818:s=320x180:r=25:d=1";
  const wide = `format=gbrp,zscale=pin=bt709:tin=bt709:min=gbr:rin=pc:p=${primaries}:t=${transfer}:m=${matrix}:r=tv,format=yuv420p10le`;
  const path = await made(
    `red-${primaries}.mp4`,
    `${red} -vf ${wide} -c:v libx265 -preset ultrafast -x265-params log-level=error ${tags} -f mp4`,
  );
  const plain = await made(
    "red.mp4",
    `${red} -vf scale=out_color_matrix=bt709 ${h264} -colorspace bt709 -f mp4`,
  );
  const [wideRed, plainRed] = [await built(path), await built(plain)];
  expect([wideRed.state, wideRed.reason]).toEqual(["ready", null]);
  const [there, here] = [await colourOf(wideRed.preview.prefix), await colourOf(plainRed.preview.prefix)];
  for (const [at, value] of there.entries()) expect(Math.abs(value - (here[at] ?? 0))).toBeLessThanOrEqual(6);
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

test("an encrypted file is refused for that", async () => {
  const key =
    "-encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8";
  const cenc = `-c:a aac -encryption_scheme cenc-aes-ctr ${key} -f mp4`;
  const version = await built(await made("encrypted.mp4", `${picture} ${sound} ${h264} ${cenc}`));
  expect([version.state, version.reason_code]).toEqual(["failed", "codec-not-supported"]);
  expect(version.reason).toContain("encrypted");
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
