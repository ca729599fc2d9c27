import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { access, personOf } from "./product.ts";

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;
const signedIn = new Map<string, State>();

/** A page of a signed-in person; signs in through the provider the first time. */
export async function pageOf(
  browser: Browser,
  person: string | undefined,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const state = person ? (signedIn.get(person) ?? (await signIn(browser, person))) : undefined;
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    ...options,
    ...(state ? { storageState: state } : {}),
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  broken.set(page, faults);
  return page;
}

const broken = new WeakMap<Page, string[]>();

/** Errors that no code of the page caught. */
export const faultsOf = (page: Page): string[] => broken.get(page) ?? [];

async function signIn(browser: Browser, id: string): Promise<State> {
  const { email, password } = personOf(id);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${access.urls.site}/`);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.locator("input[name=email]").fill(email);
  await page.locator("input[name=password]").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Projects", level: 1 }).waitFor();
  const state = await context.storageState();
  signedIn.set(id, state);
  await context.close();
  return state;
}

/** The frame the page names and the one burned into the picture, both read in the same instant. */
export function readFrames(page: Page, bits: number, square: number, width: number) {
  return page.evaluate(
    ([bits, square, width]) => {
      const video = document.querySelector("video");
      if (!video?.videoWidth) return { named: -1, seen: -2 };
      const canvas = document.createElement("canvas");
      const height = Math.round((width * video.videoHeight) / video.videoWidth);
      Object.assign(canvas, { width, height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      if (!context) throw new Error("no canvas");
      context.drawImage(video, 0, 0, width, height);
      let seen = 0;
      for (let bit = 0; bit < bits; bit++) {
        const [red = 0] = context.getImageData(bit * square + square / 2, square / 2, 1, 1).data;
        if (red > 128) seen |= 1 << bit;
      }
      return { named: Number(document.querySelector("[data-testid=frame]")?.textContent), seen };
    },
    [bits, square, width] as const,
  );
}

/** The page shows this frame: its number, and its picture. */
export async function waitForFrame(page: Page, frame: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelector("[data-testid=frame]")?.textContent === String(wanted),
    frame,
    { timeout: 15_000 },
  );
}

/** The island is alive: what is typed and pressed reaches it. */
export async function openReview(page: Page, path: string): Promise<void> {
  await page.goto(`${access.urls.site}${path}`);
  await page.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) >= 2, undefined, {
    timeout: 30_000,
  });
}
