import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLog } from "#core/telemetry/log.ts";
import { type Device, openDevice } from "#gpu/device.ts";
import { clip } from "#tests/fixtures/clips.ts";
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

setDefaultTimeout(180_000);

const device: Device = await openDevice(process.env.GPU_DEVICE ?? "auto", openLog("test", "silent"));
const { encode, decode } = device.offers();
console.info(`GPU: ${device.describe()}`);

let room: PreviewRoom;
let worker: RunningWorker;
let folder: string;

describe.skipIf(!encode && !decode)(`on ${device.describe()}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rushes-gpu-"));
    room = await openPreviewRoom();
    worker = await startWorker(room, { tools: { device, toolVersion: `gpu-${Date.now()}` } });
  });
  afterAll(async () => {
    await worker.stop();
    await room.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function built(path: string) {
    const { versionId } = await addMaster(room, path);
    const version = await eventually(
      async () => {
        const row = await versionOf(room, versionId);
        if (row.state !== "ready") throw new Error(`${row.state}: ${row.reason}`);
        return row;
      },
      { withinMs: 170_000 },
    );
    expect(version.preview.warnings.join()).not.toContain("could not build");
    return version;
  }

  /** Decodes a rung to its end and answers its frames. */
  async function framesOf(prefix: string, rung: string): Promise<number> {
    const playlist = await previewText(room, `${prefix}${rung}.m3u8`);
    const names = [`init_${rung}.mp4`, ...playlist.split("\n").filter((line) => line.endsWith(".m4s"))];
    const path = join(folder, `${rung}.mp4`);
    await Bun.write(
      path,
      Buffer.concat(
        await Promise.all(
          names.map(async (name) => Buffer.from((await previewObject(room, prefix + name)).bytes)),
        ),
      ),
    );
    const child = Bun.spawnSync([
      "ffprobe",
      "-v",
      "error",
      "-count_frames",
      "-select_streams",
      "v",
      "-show_entries",
      "stream=nb_read_frames",
      "-of",
      "csv=p=0",
      path,
    ]);
    expect(child.stderr.toString()).toBe("");
    return Number.parseInt(child.stdout.toString(), 10);
  }

  test("a plain H.264 source is decoded, scaled and, where there is an encoder, encoded on the GPU", async () => {
    const version = await built(await clip(12));
    expect(version.preview.engine).toBe(encode ? "gpu" : "mixed");
    expect(version.media.frames).toBe(360);
    for (const rung of ["v0", "v2"]) expect(await framesOf(version.preview.prefix, rung)).toBe(360);
  });

  test.skipIf(!encode)("what NVDEC cannot decode is decoded by the CPU and encoded on the GPU", async () => {
    const path = await fixture("gpu-prores-1.mov", (output, work) =>
      ffmpeg(
        [..."-f lavfi -i testsrc2=s=1280x720:r=25:d=2 -c:v prores_ks -profile:v 3 -f mov".split(" "), output],
        work,
      ),
    );
    const version = await built(path);
    expect(version.preview.engine).toBe("mixed");
    expect(await framesOf(version.preview.prefix, "v0")).toBe(50);
  });
});

test("an absent or unusable device is named, and the CPU takes over", async () => {
  const absent = await openDevice("7", openLog("test", "silent"));
  expect(absent.offers()).toEqual({ encode: false, decode: false });
  expect(absent.describe()).toMatch(/^CPU \((no-driver|no-device|no-encoder|not-built-in|unknown)\)$/);
  expect((await openDevice("none", openLog("test", "silent"))).describe()).toBe("CPU (GPU_DEVICE=none)");
  await expect(openDevice("first", openLog("test", "silent"))).rejects.toThrow("GPU_DEVICE");
});
