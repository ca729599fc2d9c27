import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewObject,
  versionOf,
} from "#tests/support/previews.ts";
import { type RunningWorker, startWorker } from "#tests/support/worker.ts";

setDefaultTimeout(300_000);

let room: PreviewRoom;
let streaming: RunningWorker;

const words = (text: string) => text.split(" ");

/** Some megabytes with a timecode, sound, and the index where `more` puts it. */
const clip = (name: string, more: string) =>
  fixture(`stream-1/${name}`, (output, folder) =>
    ffmpeg(
      [
        ...["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=6,noise=alls=20:allf=t"],
        ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=6"],
        ...words("-c:v libx264 -preset ultrafast -crf 18 -pix_fmt yuv420p -c:a aac -timecode 10:20:30:05"),
        ...words(more),
        output,
      ],
      folder,
    ),
  );

beforeAll(async () => {
  room = await openPreviewRoom();
  // Everything counts as too large for the disk here.
  streaming = await startWorker(room, { tools: { fileBytes: 1000, toolVersion: "streamed" } });
});

afterAll(async () => {
  await streaming.stop();
  await room.close();
});

async function built(path: string, options = {}) {
  const { versionId, jobId } = await addMaster(room, path, options);
  const version = await eventually(
    async () => {
      const row = await versionOf(room, versionId);
      if (!["ready", "failed"].includes(row.state)) throw new Error(row.state);
      return row;
    },
    { withinMs: 240_000 },
  );
  const rows = await room.resources.sql`select result from preview_jobs where id = ${jobId}`;
  return { version, result: rows[0]?.result };
}

for (const [name, more] of [
  ["index-first.mp4", "-movflags faststart -f mp4"],
  ["index-last.mov", "-f mov"],
  ["matroska.mkv", "-f matroska"],
  ["broadcast.mxf", "-c:v mpeg2video -pix_fmt yuv422p -b:v 8M -c:a pcm_s16le -f mxf"],
] as const) {
  test(`${name} is decoded as it comes, with its timecode, its hash and every frame`, async () => {
    const path = await clip(name, more);
    const { version, result } = await built(path);
    expect([version.state, version.reason]).toEqual(["ready", null]);
    expect(result).toMatchObject({ streamed: true, attempt: 0 });
    expect(version.media).toMatchObject({
      frames: 150,
      rate: { num: 25, den: 1 },
      variable: false,
      startTimecode: "10:20:30:05",
    });
    expect(version.sha256).toBe(
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    );
    const poster = await previewObject(room, `${version.preview.prefix}poster.jpg`);
    expect(poster.bytes.length).toBeGreaterThan(1000);
  });
}

test("a format that has to jump is copied to the disk instead", async () => {
  const { version, result } = await built(await clip("transport.ts", "-f mpegts"));
  expect(version.state).toBe("ready");
  expect(result).toMatchObject({ streamed: false });
});

test("a master that stops in the middle of a stream is refused", async () => {
  const whole = await readFile(await clip("index-first.mp4", "-movflags faststart -f mp4"));
  const path = await fixture("stream-1/cut.mp4", (output) =>
    writeFile(output, whole.subarray(0, whole.length / 3)),
  );
  const { version } = await built(path);
  expect([version.state, version.reason_code]).toEqual(["failed", "truncated"]);
});
