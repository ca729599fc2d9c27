import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { BITS, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { faultsOf, openReview, pageOf, readFrames, waitForFrame } from "./support/browser.ts";
import { ask, freshProject, uploadAsset } from "./support/product.ts";

const frames = 900;
const width = BITS * SQUARE;

const codec = "-c:v libx264 -preset ultrafast -crf 30 -bf 2 -g 60".split(" ");

let browser: Browser;

beforeAll(async () => {
  browser = await openChromium();
});

afterAll(() => browser?.close());

const quality = (page: Page) => page.getByRole("button", { name: "Quality" });
const rungs = (page: Page) => page.getByRole("menuitemradio").allTextContents();

/** Writes down in the page what happens to its picture from now on. */
const witness = (page: Page) =>
  page.evaluate(() => {
    const video = document.querySelector("video");
    if (!video) throw new Error("no picture");
    const seen = { times: [] as number[], events: [] as string[] };
    Object.assign(globalThis, { seen, stayed: video });
    for (const name of ["emptied", "pause", "seeking", "ended", "error"])
      video.addEventListener(name, () => seen.events.push(name));
    const onFrame = (_: number, frame: VideoFrameCallbackMetadata) => {
      seen.times.push(frame.mediaTime);
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  });

const testimony = (page: Page) =>
  page.evaluate(() => {
    const { seen, stayed } = globalThis as unknown as {
      seen: { times: number[]; events: string[] };
      stayed: HTMLVideoElement;
    };
    return {
      ...seen,
      isSame: document.querySelector("video") === stayed,
      isPaused: stayed.paused,
      at: stayed.currentTime,
    };
  });

test("who watches while the preview is built gets all of it, without a reload or a jump", async () => {
  const projectId = await freshProject("Growing", { edo: "editor", rita: "reviewer" });
  const clip = await countedClip({ name: "growing", rate: "30", frames, sound: "with", height: 1080, codec });
  const { assetId, versionId } = await uploadAsset(projectId, clip, undefined, "Growing.mp4", "playable");
  const [playing, paused] = await Promise.all([pageOf(browser, "edo"), pageOf(browser, "rita")]);
  await Promise.all([playing, paused].map((page) => openReview(page, `/a/${assetId}`)));
  const state = async () => (await ask<{ state: string }>("GET", `/preview/${versionId}`)).state;
  expect(await state()).toBe("playable");
  await paused.keyboard.press("g");
  await paused.getByLabel("Go to timecode, frame or seconds").fill("577");
  await paused.keyboard.press("Enter");
  await waitForFrame(paused, 577);
  await Promise.all([playing, paused].map(witness));
  await playing.keyboard.press("Space");
  // Slowly, so that it lasts as long as the build.
  await playing.evaluate(() => {
    const video = document.querySelector("video");
    if (video) video.playbackRate = 0.1;
  });

  for (const page of [playing, paused]) {
    await quality(page).click();
    await page.getByRole("menuitemradio", { name: "1080p" }).waitFor();
    expect(await rungs(page)).toEqual(["Automatic", "1080p"]);
  }
  await paused.getByRole("menuitemradio", { name: "1080p" }).click();
  await quality(paused).click();
  // The open menu grows with what is there.
  for (const page of [playing, paused]) {
    await page.getByRole("menuitemradio", { name: "720p" }).waitFor({ timeout: 200_000 });
    expect(await rungs(page)).toEqual(["Automatic", "1080p", "720p", "480p", "360p"]);
  }
  expect(await state()).toBe("ready");
  // Who had chosen keeps it; who had not has the choice made for them.
  for (const [page, name] of [
    [paused, "1080p"],
    [playing, "Automatic"],
  ] as const)
    expect(await page.getByRole("menuitemradio", { checked: true }).allTextContents()).toEqual([name]);

  const still = await testimony(paused);
  expect(still).toMatchObject({ isSame: true, isPaused: true, times: [], events: [] });
  expect(await readFrames(paused, BITS, SQUARE, width)).toEqual({ named: 577, seen: 577 });
  const before = (await testimony(playing)).at;
  await playing.waitForFunction(
    (at) => (document.querySelector("video")?.currentTime ?? 0) > at,
    before + 0.5,
  );
  const moving = await testimony(playing);
  expect(moving).toMatchObject({ isSame: true, isPaused: false, events: [] });
  const steps = moving.times.slice(1).map((time, index) => time - (moving.times[index] ?? 0));
  expect(Math.min(...steps)).toBeGreaterThan(0);
  expect(Math.max(...steps)).toBeLessThan(0.5);

  await paused.getByRole("menuitemradio", { name: "360p" }).click();
  for (const frame of [frames - 1, 0, 300]) {
    await paused.keyboard.press("g");
    await paused.getByLabel("Go to timecode, frame or seconds").fill(String(frame));
    await paused.keyboard.press("Enter");
    await waitForFrame(paused, frame);
    expect(await readFrames(paused, BITS, SQUARE, width)).toEqual({ named: frame, seen: frame });
  }
  expect([playing, paused].flatMap(faultsOf)).toEqual([]);
}, 420_000);
