import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { BITS, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { eventually } from "#tests/support/eventually.ts";
import { faultsOf, openReview, pageOf, readFrames, waitForFrame } from "./support/browser.ts";
import { freshProject, uploadAsset } from "./support/product.ts";

const frames = 750;
const rate = 25;
const width = BITS * SQUARE;

let browser: Browser;
let path: string;

beforeAll(async () => {
  browser = await openChromium();
  const projectId = await freshProject("Rungs", { edo: "editor" });
  const clip = await countedClip({ name: "rungs", rate: String(rate), frames, sound: "with", height: 720 });
  path = `/a/${(await uploadAsset(projectId, clip)).assetId}`;
}, 300_000);

afterAll(() => browser?.close());

interface Seen {
  /** Read from the picture. */
  frame: number;
  /** What the decoder says of it, in seconds. */
  at: number;
  /** How far the clock, which the sound drives, was then. */
  clock: number;
  height: number;
}

/** Writes down every picture that is shown, what happens to the element, and how loud it is. */
async function witnessInPage(input: { bits: number; square: number }): Promise<void> {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!video || !context) throw new Error("nothing to look at");
  const width = input.bits * input.square;
  Object.assign(canvas, { width, height: input.square });
  const record = { stayed: video, seen: [] as Seen[], events: [] as string[], levels: [] as number[] };
  Object.assign(globalThis, { record });
  for (const name of ["emptied", "pause", "seeking", "ended", "error"])
    video.addEventListener(name, () => record.events.push(name));
  const onFrame = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
    context.drawImage(video, 0, 0, width, (width * video.videoHeight) / video.videoWidth);
    let frame = 0;
    for (let bit = 0; bit < input.bits; bit++) {
      const x = bit * input.square + input.square / 2;
      const [red = 0] = context.getImageData(x, input.square / 2, 1, 1).data;
      if (red > 128) frame |= 1 << bit;
    }
    record.seen.push({ frame, at: mediaTime, clock: video.currentTime, height: video.videoHeight });
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  const sound = new AudioContext();
  await sound.resume();
  const ear = new AnalyserNode(sound, { fftSize: 2048 });
  sound.createMediaElementSource(video).connect(ear).connect(sound.destination);
  const samples = new Float32Array(ear.fftSize);
  setInterval(() => {
    ear.getFloatTimeDomainData(samples);
    if (!video.paused) record.levels.push(Math.max(...samples));
  }, 20);
}

const record = (page: Page) =>
  page.evaluate(() => {
    const { stayed, seen, events, levels } = (
      globalThis as unknown as {
        record: { stayed: HTMLVideoElement; seen: Seen[]; events: string[]; levels: number[] };
      }
    ).record;
    return { isSame: document.querySelector("video") === stayed, seen, events, levels };
  });

const heightShown = (page: Page, height: number) =>
  page.waitForFunction((height) => document.querySelector("video")?.videoHeight === height, height, {
    timeout: 90_000,
  });

async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Quality" }).click();
  await page.getByRole("menuitemradio", { name }).click();
}

async function open(): Promise<Page> {
  const page = await pageOf(browser, "edo");
  await openReview(page, path);
  await waitForFrame(page, 0);
  return page;
}

const witness = (page: Page) => page.evaluate(witnessInPage, { bits: BITS, square: SQUARE });

/** One picture after the other, each the frame that the clock says, one sound without a gap. */
async function expectSteady(page: Page): Promise<void> {
  const { isSame, seen, events, levels } = await record(page);
  expect(isSame).toBe(true);
  expect(events).toEqual([]);
  // A busy machine reads the picture late; never an earlier one, or one that the clock has not come to.
  const isRight = ({ frame, at, clock }: Seen) => frame >= Math.round(at * rate) && frame <= clock * rate + 1;
  expect(seen.filter((one) => !isRight(one))).toEqual([]);
  expect(seen.filter(({ at }, index) => index > 0 && at <= (seen[index - 1]?.at ?? -1))).toEqual([]);
  // The picture follows the clock of the sound; a second is a machine with something else to do.
  expect(seen.filter(({ at, clock }) => Math.abs(at - clock) > 1)).toEqual([]);
  const heard = levels.findIndex((level) => level > 0.01);
  expect(heard).toBeGreaterThanOrEqual(0);
  const silent = levels.slice(heard).filter((level) => level < 0.01).length;
  expect(silent / (levels.length - heard)).toBeLessThan(0.1);
  expect(faultsOf(page)).toEqual([]);
}

/** The picture at rest is the one the page names. */
async function expectExact(page: Page): Promise<number> {
  await page.waitForFunction(() => document.querySelector("video")?.paused);
  return eventually(async () => {
    const { named, seen } = await readFrames(page, BITS, SQUARE, width);
    expect(seen).toBe(named);
    return seen;
  });
}

describe("another rung in the middle of playing", () => {
  test("by hand: down and up again, frame by frame, without a jump or a silence", async () => {
    const page = await open();
    await choose(page, "720p");
    await heightShown(page, 720);
    await expectExact(page);
    await witness(page);
    await page.keyboard.press("Space");
    for (const [name, height] of [
      ["360p", 360],
      ["720p", 720],
    ] as const) {
      await choose(page, name);
      await heightShown(page, height);
      await page.getByRole("button", { name: `Quality ${name}` }).waitFor();
    }
    expect(new Set((await record(page)).seen.map(({ height }) => height))).toEqual(new Set([720, 360]));
    await expectSteady(page);
    await page.keyboard.press("Space");
    await expectExact(page);
    await page.context().close();
  }, 300_000);

  test("by itself, when the line gets better: frame by frame, without a jump or a silence", async () => {
    const page = await open();
    const line = await page.context().newCDPSession(page);
    const carry = (bytesPerSecond: number) =>
      line.send("Network.emulateNetworkConditions", {
        offline: false,
        latency: 20,
        downloadThroughput: bytesPerSecond,
        uploadThroughput: -1,
      });
    await carry(70_000);
    await page.reload({ timeout: 90_000 });
    await heightShown(page, 360);
    await witness(page);
    await page.keyboard.press("Space");
    await page.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 2);
    await carry(-1);
    await page.waitForFunction(() => (document.querySelector("video")?.videoHeight ?? 0) > 360, undefined, {
      timeout: 90_000,
    });
    await expectSteady(page);
    await page.keyboard.press("Space");
    await expectExact(page);
    await page.context().close();
  }, 300_000);

  test("at rest: the frame on screen gets sharper and stays the same", async () => {
    const page = await open();
    await choose(page, "360p");
    await page.keyboard.press("g");
    await page.getByLabel("Go to timecode, frame or seconds").fill("333");
    await page.keyboard.press("Enter");
    await waitForFrame(page, 333);
    await heightShown(page, 360);
    await choose(page, "720p");
    await heightShown(page, 720);
    expect(await expectExact(page)).toBe(333);
    expect(faultsOf(page)).toEqual([]);
    await page.context().close();
  }, 300_000);
});
