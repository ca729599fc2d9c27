import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { BITS, type CountedClip, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { openReview, pageOf, waitForFrame } from "./support/browser.ts";
import { freshProject, uploadAsset } from "./support/product.ts";

const frames = 400;
const clips: (CountedClip & { last: string })[] = [
  { name: "p-23976", rate: "24000/1001", frames, last: "01:00:16:15" },
  { name: "p-24", rate: "24", frames, last: "01:00:16:15" },
  { name: "p-25", rate: "25", frames, sound: "with", last: "01:00:15:24" },
  { name: "p-2997-df", rate: "30000/1001", frames, timecode: "00:59:50;00", last: "01:00:03;09" },
  { name: "p-2997-ndf", rate: "30000/1001", frames, timecode: "00:59:50:00", last: "01:00:03:09" },
  { name: "p-30", rate: "30", frames, sound: "late", last: "01:00:13:09" },
  { name: "p-50", rate: "50", frames, last: "01:00:07:49" },
  { name: "p-5994-df", rate: "60000/1001", frames, timecode: "00:00:58;00", last: "00:01:04;43" },
  { name: "p-60", rate: "60", frames, last: "01:00:06:39" },
  { name: "p-vfr", rate: "30", frames, variable: true, last: "" },
];
const wanted = Number(process.env.FRAME_LANDINGS ?? 200);

let browser: Browser;
let page: Page;
const paths = new Map<string, string>();

beforeAll(async () => {
  browser = await openChromium();
  const projectId = await freshProject("Frame proof", { edo: "editor" });
  page = await pageOf(browser, "edo");
  const uploads = clips.map(async (clip) => {
    const { assetId } = await uploadAsset(projectId, await countedClip(clip));
    paths.set(clip.name, `/a/${assetId}`);
  });
  await Promise.all(uploads);
}, 400_000);

afterAll(() => browser?.close());

interface Misses {
  misses: string[];
  landings: number;
}

/** Runs in the page: lands on frames by the page's own keys and fields, and reads each out of the picture. */
async function landInPage(input: {
  targets: { frame: number; by: "seek" | "ArrowRight" | "ArrowLeft" }[];
  bits: number;
  square: number;
}): Promise<Misses> {
  const canvas = document.createElement("canvas");
  const video = document.querySelector("video");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!video || !context) throw new Error("nothing to look at");
  const width = input.bits * input.square;
  Object.assign(canvas, { width, height: input.square });
  const see = () => {
    context.drawImage(video, 0, 0, width, (width * video.videoHeight) / video.videoWidth);
    let seen = 0;
    for (let bit = 0; bit < input.bits; bit++) {
      const [red = 0] = context.getImageData(
        bit * input.square + input.square / 2,
        input.square / 2,
        1,
        1,
      ).data;
      if (red > 128) seen |= 1 << bit;
    }
    return seen;
  };
  const named = () => Number(document.querySelector("[data-testid=frame]")?.textContent);
  const press = (key: string) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const tick = () => new Promise((done) => requestAnimationFrame(done));
  const until = async (what: string, check: () => unknown) => {
    for (const end = performance.now() + 10_000; !check(); await tick())
      if (performance.now() > end) throw new Error(`never: ${what}; the page names ${named()}`);
  };
  const goTo = async (frame: number) => {
    press("g");
    const find = () => document.querySelector<HTMLInputElement>("input[name=position]");
    await until("the go-to field", find);
    const field = find();
    if (!field) throw new Error("no field");
    field.value = String(frame);
    field.form?.requestSubmit();
    await until("the field is gone", () => !find());
  };
  const misses: string[] = [];
  for (const { frame, by } of input.targets) {
    if (by === "seek") await goTo(frame);
    else press(by);
    await until(`frame ${frame} by ${by}`, () => named() === frame);
    const seen = see();
    if (seen !== frame) misses.push(`${by} to ${frame} shows ${seen}`);
  }
  return { misses, landings: input.targets.length };
}

/** The same numbers each time, so that a miss can be looked at again. */
function* random(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe("the frame that the page names is the frame in the picture", () => {
  for (const clip of clips) {
    test(`${clip.name}: ${wanted} seeks and ${wanted} steps`, async () => {
      await openReview(page, paths.get(clip.name) ?? "");
      await waitForFrame(page, 0);
      const numbers = random(clip.frames + clip.name.length);
      const seeks = Array.from({ length: wanted - 2 }, () => ({
        frame: Math.floor((numbers.next().value ?? 0) * frames),
        by: "seek" as const,
      })).filter(({ frame }, index, all) => frame !== all[index - 1]?.frame);
      const edges = [
        { frame: frames - 1, by: "seek" as const },
        { frame: 0, by: "seek" as const },
      ];
      const half = Math.floor(wanted / 2);
      const steps = [
        ...Array.from({ length: half }, (_, index) => ({ frame: index + 1, by: "ArrowRight" as const })),
        { frame: frames - 1, by: "seek" as const },
        ...Array.from({ length: wanted - half }, (_, index) => ({
          frame: frames - 2 - index,
          by: "ArrowLeft" as const,
        })),
      ];
      const { misses } = await page.evaluate(landInPage, {
        targets: [...edges, ...steps, ...seeks],
        bits: BITS,
        square: SQUARE,
      });
      expect(misses).toEqual([]);
      if (clip.last) {
        await page.keyboard.press("End");
        await waitForFrame(page, frames - 1);
        expect(await page.getByTestId("timecode").textContent()).toBe(clip.last);
      }
    }, 180_000);
  }
});
