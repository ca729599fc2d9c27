import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { type FrameModel, frameModelOf, presentedFrame, seekSeconds } from "#core/timecode/timecode.ts";
import { BITS, type CountedClip, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { openChromium } from "#tests/support/chromium.ts";
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

const plain = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "30"];
const clips: (CountedClip & { first?: number })[] = [
  { name: "23976", rate: "24000/1001", frames: 120, sound: "with" },
  { name: "24", rate: "24/1", frames: 120, timecode: "01:00:00:00" },
  { name: "25", rate: "25/1", frames: 125, sound: "with" },
  { name: "2997-drop", rate: "30000/1001", frames: 150, timecode: "00:59:58;20", sound: "with" },
  { name: "30-without-b-frames", rate: "30/1", frames: 150, codec: plain, sound: "with" },
  { name: "50", rate: "50/1", frames: 200, sound: "with" },
  { name: "5994-drop", rate: "60000/1001", frames: 240, timecode: "00:59:59;30", sound: "with" },
  { name: "60-without-b-frames", rate: "60/1", frames: 240, codec: plain },
  { name: "variable", rate: "30/1", frames: 150, variable: true, sound: "with" },
  { name: "variable-without-b-frames", rate: "25/1", frames: 120, variable: true, codec: plain },
  { name: "late-sound", rate: "25/1", frames: 125, sound: "late", container: "mkv" },
  { name: "transport-stream", rate: "25/1", frames: 125, sound: "with", container: "ts" },
  { name: "edit-list", rate: "25/1", frames: 125, editList: true, sound: "with", first: 25 },
];

let room: PreviewRoom;
let worker: RunningWorker;
let browser: Browser;
let page: Page;
let server: ReturnType<typeof Bun.serve>;
const versions = new Map<string, string>();

const html = `<!doctype html><video id="v" muted crossorigin></video><canvas id="c"></canvas><script src="/hls.js"></script>`;

beforeAll(async () => {
  [room, browser] = await Promise.all([openPreviewRoom(), openChromium()]);
  worker = await startWorker(room);
  for (const clip of clips)
    versions.set(clip.name, (await addMaster(room, await countedClip(clip))).versionId);
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/") return new Response(html, { headers: { "content-type": "text/html" } });
      if (pathname === "/hls.js")
        return new Response(Bun.file(join(import.meta.dir, "../../node_modules/hls.js/dist/hls.min.js")));
      const object = await previewObject(room, pathname.slice(1)).catch(() => null);
      if (!object) return new Response(null, { status: 404 });
      return new Response(Buffer.from(object.bytes), {
        headers: { "content-type": object.contentType ?? "" },
      });
    },
  });
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.port}/`);
});

afterAll(async () => {
  await browser.close();
  await server.stop(true);
  await worker.stop();
  await room.close();
});

/** Loads a preview with hls.js and resolves once its first frame is there; the rest is still on its way. */
async function load(master: string): Promise<void> {
  await page.evaluate(async (url) => {
    const scope = globalThis as unknown as {
      Hls: new (options: object) => never;
      hls?: { destroy(): void };
      faults: string[];
    };
    scope.hls?.destroy();
    scope.faults = [];
    const video = document.querySelector("video") as HTMLVideoElement;
    const hls = new scope.Hls({ startPosition: 0, enableWorker: false }) as unknown as {
      on(name: string, handle: (name: string, data: { fatal: boolean; details: string }) => void): void;
      loadSource(url: string): void;
      attachMedia(video: HTMLVideoElement): void;
      destroy(): void;
    };
    scope.hls = hls;
    hls.on("hlsError", (_, data) => scope.faults.push(data.details));
    await new Promise<void>((resolve, reject) => {
      video.addEventListener("loadeddata", () => resolve(), { once: true });
      hls.on("hlsError", (_, data) => data.fatal && reject(new Error(data.details)));
      hls.loadSource(url);
      hls.attachMedia(video);
    });
  }, master);
}

/** Seeks to each time and reads the number in the picture, and the time the decoder gives it. */
function look(times: number[]): Promise<{ number: number; mediaTime: number }[]> {
  return page.evaluate(
    async ({ times, bits, square }) => {
      const video = document.querySelector("video") as HTMLVideoElement;
      const canvas = document.querySelector("canvas") as HTMLCanvasElement;
      const pen = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      const seen: { number: number; mediaTime: number }[] = [];
      let mediaTime = -1;
      for (const time of times) {
        const sought = new Promise<void>((resolve, reject) => {
          const where = () => {
            const ranges = Array.from({ length: video.buffered.length }, (_, i) => [
              video.buffered.start(i),
              video.buffered.end(i),
            ]);
            return JSON.stringify({
              time,
              at: video.currentTime,
              ready: video.readyState,
              duration: video.duration,
              ranges,
            });
          };
          setTimeout(() => reject(new Error(`no frame after ten seconds: ${where()}`)), 10_000);
          video.addEventListener("seeked", () => resolve(), { once: true });
        });
        // A frame that is shown already is not presented again.
        const presented = new Promise<void>((resolve) => {
          setTimeout(resolve, 2_000);
          video.requestVideoFrameCallback((_, frame) => {
            mediaTime = frame.mediaTime;
            resolve();
          });
        });
        video.currentTime = time;
        await Promise.all([sought, presented]);
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        pen.drawImage(video, 0, 0);
        const { data } = pen.getImageData(0, 0, bits * square, square);
        let number = 0;
        for (let bit = 0; bit < bits; bit++) {
          const at = 4 * ((square / 2) * bits * square + bit * square + square / 2);
          if ((data[at] as number) > 128) number += 2 ** bit;
        }
        seen.push({ number, mediaTime });
      }
      return seen;
    },
    { times, bits: BITS, square: SQUARE },
  );
}

/**
 * The last one first, while hls.js is still loading: it shows only if the stream is ended then. Then the edges, and a
 * spread over the rest, out of order.
 */
function chosen(frames: number): number[] {
  const spread = Array.from({ length: 12 }, (_, i) => Math.round((i * 37 + 11) % frames));
  const steps = Array.from({ length: 6 }, (_, i) => Math.floor(frames / 2) + i);
  return [frames - 1, 0, 1, 2, frames - 2, ...spread, ...steps, 37].filter((n) => n >= 0 && n < frames);
}

describe("the frame in the picture is the frame that the interface names", () => {
  for (const clip of clips) {
    test(clip.name, async () => {
      const version = await eventually(
        async () => {
          const row = await versionOf(room, versions.get(clip.name) ?? "");
          if (row.state !== "ready") throw new Error(`${row.state}: ${row.reason}`);
          return row;
        },
        { withinMs: 240_000 },
      );
      const model: FrameModel = frameModelOf(version.media);
      const first = clip.first ?? 0;
      expect(model.frames).toBe(clip.frames - first);
      expect(model.variable).toBe(clip.variable ?? false);
      if (clip.timecode) expect(version.media.startTimecode).toBe(clip.timecode);
      expect(version.media.dropFrame).toBe(clip.name.endsWith("drop"));

      await load(`/${version.preview.prefix}${version.preview.master}`);
      const wanted = chosen(model.frames);
      const seen = await look(wanted.map((frame) => seekSeconds(model, frame)));
      expect(seen.map(({ number }) => number - first)).toEqual(wanted);
      const named = seen.map(({ mediaTime }, i) =>
        mediaTime < 0 ? wanted[i] : presentedFrame(model, mediaTime),
      );
      expect(named).toEqual(wanted);
      expect(await page.evaluate(() => (globalThis as unknown as { faults: string[] }).faults)).toEqual([]);
    });
  }
});

describe("the repacked source, while the ladder is encoding, shows the same frames", () => {
  for (const name of ["2997-drop", "30-without-b-frames", "50"]) {
    test(name, async () => {
      const version = await versionOf(room, versions.get(name) ?? "");
      const model = frameModelOf(version.media);
      await load(`/${version.preview.prefix}instant.m3u8`);
      const wanted = chosen(model.frames);
      const seen = await look(wanted.map((frame) => seekSeconds(model, frame)));
      expect(seen.map(({ number }) => number)).toEqual(wanted);
    });
  }
  for (const name of ["edit-list", "variable"]) {
    test(`and is not offered for ${name}: packed as it is, its frames would move`, async () => {
      const version = await versionOf(room, versions.get(name) ?? "");
      const missing = await previewObject(room, `${version.preview.prefix}instant.m3u8`).catch(() => null);
      expect(missing).toBeNull();
    });
  }
});

describe("what else a preview carries reaches the browser", () => {
  async function built(path: string) {
    const { versionId } = await addMaster(room, path);
    return eventually(
      async () => {
        const row = await versionOf(room, versionId);
        if (row.state !== "ready") throw new Error(`${row.state}: ${row.reason}`);
        return row;
      },
      { withinMs: 240_000 },
    );
  }
  const words = (text: string) => text.split(" ");

  test("sound alone plays to its end", async () => {
    const path = await fixture("sound-1.flac", (output, folder) =>
      ffmpeg([..."-f lavfi -i sine=frequency=440:duration=5 -f flac".split(" "), output], folder),
    );
    const version = await built(path);
    await load(`/${version.preview.prefix}master.m3u8`);
    const heard = await page.evaluate(async () => {
      const video = document.querySelector("video") as HTMLVideoElement;
      video.currentTime = 4.5;
      await video.play();
      await new Promise((resolve) => video.addEventListener("ended", resolve, { once: true }));
      return { length: video.duration, at: video.currentTime };
    });
    expect(heard.length).toBeCloseTo(5, 1);
    expect(heard.at).toBeCloseTo(5, 1);
  });

  test("every soundtrack can be chosen, and subtitles show at their time", async () => {
    const path = await fixture("tracks-1.mkv", async (output, folder) => {
      await writeFile(`${folder}/words.srt`, "1\n00:00:01,000 --> 00:00:02,500\nhello there\n");
      await ffmpeg(
        [
          ...words(
            "-f lavfi -i testsrc2=s=320x180:r=25:d=5 -f lavfi -i sine=f=440:d=5 -f lavfi -i sine=f=880:d=5",
          ),
          ...[
            "-i",
            `${folder}/words.srt`,
            ...words("-map 0 -map 1 -map 2 -map 3 -c:v libx264 -preset ultrafast -c:a aac -c:s srt"),
          ],
          ...words(
            "-metadata:s:a:0 language=eng -metadata:s:a:1 language=fra -metadata:s:s:0 language=eng -f matroska",
          ),
          output,
        ],
        folder,
      );
    });
    const version = await built(path);
    await load(`/${version.preview.prefix}master.m3u8`);
    const seen = await page.evaluate(async () => {
      const { hls } = globalThis as unknown as {
        hls: {
          audioTracks: { name: string; lang: string }[];
          audioTrack: number;
          subtitleTrack: number;
          on(name: string, done: () => void): void;
        };
      };
      const video = document.querySelector("video") as HTMLVideoElement;
      const switched = new Promise<void>((resolve) => hls.on("hlsAudioTrackSwitched", resolve));
      hls.audioTrack = 1;
      hls.subtitleTrack = 0;
      await switched;
      for (let i = 0; i < 100 && !video.textTracks[0]?.cues?.length; i++)
        await new Promise((resolve) => setTimeout(resolve, 100));
      const cue = video.textTracks[0]?.cues?.[0] as VTTCue | undefined;
      return {
        tracks: hls.audioTracks.map(({ name, lang }) => [name, lang]),
        chosen: hls.audioTrack,
        cue: [cue?.text, cue?.startTime, cue?.endTime],
      };
    });
    expect(seen.tracks).toEqual([
      ["English", "en"],
      ["French", "fr"],
    ]);
    expect(seen.chosen).toBe(1);
    expect(seen.cue).toEqual(["hello there", 1, 2.5]);
  });
});
