import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { countedClip } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { faultsOf, openReview, pageOf } from "./support/browser.ts";
import { access, ask, freshProject, uploadAsset } from "./support/product.ts";

const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");
const sizes = [
  { name: "desktop", viewport: { width: 1280, height: 800 } },
  { name: "phone", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
];
const themes = ["dark", "light"];

let browser: Browser;
let projectId: string;
let assetId: string;
let versions: { first: string; second: string };
let shareUrl: string;

beforeAll(async () => {
  browser = await openChromium();
  projectId = await freshProject("Pages", { edo: "editor", rita: "reviewer" });
  const clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  const first = await uploadAsset(projectId, clip, undefined, "Pages.mp4");
  const second = await uploadAsset(projectId, clip, first.assetId, "Pages v2.mp4");
  assetId = first.assetId;
  versions = { first: first.versionId, second: second.versionId };
  for (const [frame, text] of [
    [10, "Open note"],
    [40, "Note with a drawing"],
  ] as const)
    await ask("POST", "/comments", {
      versionId: versions.second,
      frame,
      text,
      ...(frame === 40
        ? {
            drawing: {
              shapes: [
                {
                  tool: "box",
                  color: "#f2a33a",
                  width: 0.01,
                  points: [
                    [0.2, 0.2],
                    [0.6, 0.6],
                  ],
                },
              ],
            },
          }
        : {}),
    });
  const share = await ask<{ url: string }>("POST", "/shares", {
    projectId,
    name: "Pages for guests",
    versionIds: [versions.first, versions.second],
    passphrase: "open sesame",
    allow: { comment: true, approve: true },
    watermark: "Confidential",
  });
  shareUrl = share.url;
}, 240_000);

afterAll(() => browser?.close());

interface Violation {
  id: string;
  nodes: { target: string[] }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = (await page.evaluate(
    "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((r) => r.violations)",
  )) as Violation[];
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** No page is wider than its window. */
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

const tab = (name: string) => async (page: Page) => {
  await page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();
  await page.waitForTimeout(300);
};

const places: { name: string; path: () => string; act?: (page: Page) => Promise<unknown> }[] = [
  { name: "projects", path: () => "/" },
  {
    name: "new project",
    path: () => "/",
    act: (page) => page.getByRole("button", { name: "New project" }).first().click(),
  },
  { name: "project", path: () => `/p/${projectId}` },
  { name: "empty folder filter", path: () => `/p/${projectId}?status=failed` },
  { name: "people", path: () => `/p/${projectId}/settings?tab=people` },
  { name: "rules", path: () => `/p/${projectId}/settings?tab=general` },
  { name: "webhooks", path: () => `/p/${projectId}/settings?tab=webhooks` },
  { name: "audit", path: () => `/p/${projectId}/settings?tab=audit` },
  { name: "shares", path: () => `/p/${projectId}/shares` },
  { name: "own settings", path: () => "/settings" },
  { name: "queues", path: () => "/admin/queues" },
  { name: "nothing here", path: () => "/nothing/here" },
  { name: "review", path: () => `/a/${assetId}` },
  { name: "review, approval", path: () => `/a/${assetId}`, act: tab("Approval") },
  { name: "review, versions", path: () => `/a/${assetId}`, act: tab("Versions") },
  { name: "review, custody", path: () => `/a/${assetId}`, act: tab("Custody") },
  { name: "review, details", path: () => `/a/${assetId}`, act: tab("Details") },
  { name: "review, keys", path: () => `/a/${assetId}`, act: (page) => page.keyboard.press("?") },
  { name: "review, drawing", path: () => `/a/${assetId}`, act: (page) => page.keyboard.press("d") },
  {
    name: "review, reply",
    path: () => `/a/${assetId}`,
    act: (page) => page.getByRole("button", { name: "Reply" }).first().click(),
  },
  {
    name: "share dialog",
    path: () => `/p/${projectId}`,
    act: async (page) => {
      await page.getByRole("button", { name: /^More for Pages/ }).click();
      await page.getByRole("menuitem", { name: "Share" }).click();
    },
  },
  { name: "compare", path: () => `/compare?left=${versions.first}&right=${versions.second}` },
];

describe("every page is accessible, in both themes and at both sizes", () => {
  for (const { name: sizeName, ...options } of sizes)
    for (const theme of themes)
      test(`${sizeName}, ${theme}`, async () => {
        const page = await pageOf(browser, "mara", options);
        const { site } = access.urls;
        await page.context().addCookies([{ name: "rushes_theme", value: theme, url: site }]);
        const found: Record<string, string[]> = {};
        for (const { name, path, act } of places) {
          await page.goto(site + path());
          await page.waitForFunction(() => !document.querySelector("main [inert]"));
          await page.waitForTimeout(150);
          await act?.(page);
          const wrong = await violations(page);
          if ((await overflow(page)) > 0) wrong.push("wider than the window");
          if (wrong.length > 0) found[name] = wrong;
        }
        expect(found).toEqual({});
        expect(faultsOf(page)).toEqual([]);
        await page.context().close();
      }, 240_000);

  test("sign-in and the pages of a guest", async () => {
    const page = await pageOf(browser, undefined);
    const found: Record<string, string[]> = {};
    const check = async (name: string) => {
      const wrong = await violations(page);
      if (wrong.length > 0) found[name] = wrong;
    };
    await page.goto(`${access.urls.site}/signin`);
    await check("sign in");
    await page.goto(shareUrl);
    await page.getByRole("textbox", { name: "Your name" }).fill("Ana");
    await check("gate");
    await page.getByLabel("Passphrase").fill("open sesame");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("list", { name: "Assets" }).waitFor();
    await check("shared assets");
    await page.getByRole("list", { name: "Assets" }).getByRole("link").first().click();
    await page.getByRole("textbox", { name: "Comment" }).waitFor();
    await check("shared version");
    expect(found).toEqual({});
    await page.context().close();
  }, 120_000);
});

describe("reviewing by keyboard alone", () => {
  test("play, step, range, comment on the range, go to it, help", async () => {
    const page = await pageOf(browser, "rita");
    await openReview(page, `/a/${assetId}`);
    const frame = page.getByTestId("frame");
    await page.keyboard.press("g");
    await page.keyboard.type("20");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("[data-testid=frame]")?.textContent === "20");
    await page.keyboard.press("i");
    await page.keyboard.press("Shift+ArrowRight");
    await page.waitForFunction(() => document.querySelector("[data-testid=frame]")?.textContent === "30");
    await page.keyboard.press("o");
    await page.keyboard.press("c");
    await page.keyboard.type("Hold this a little longer");
    await page.keyboard.press("Enter");
    const comment = page.getByRole("article").filter({ hasText: "Hold this a little longer" });
    await comment.waitFor();
    await comment.getByRole("button", { name: /Go to 01:00:00:20–01:00:01:05, frame 20/ }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => Number(document.querySelector("[data-testid=frame]")?.textContent) > 35);
    await page.keyboard.press("k");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
    await page.keyboard.press("j");
    await page.waitForFunction(() => Number(document.querySelector("[data-testid=frame]")?.textContent) < 30);
    await page.keyboard.press("k");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.keyboard.press("Home");
    await page.waitForFunction(() => document.querySelector("[data-testid=frame]")?.textContent === "0");
    expect(await frame.textContent()).toBe("0");
    // The field takes the very next key, the second time as well.
    await page.keyboard.press("g");
    await page.keyboard.type("7");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("[data-testid=frame]")?.textContent === "7");
    await page.context().close();
  }, 60_000);

  test("a dialog and a menu take the very next key, and give the focus back", async () => {
    const page = await pageOf(browser, "edo");
    await openReview(page, `/a/${assetId}`);
    for (const [name, opens] of [
      ["Share", "dialog"],
      ["Keys", "dialog"],
      ["Export comments", "menu"],
    ] as const) {
      const button = page.getByRole("button", { name, exact: true });
      await button.focus();
      await page.keyboard.press("Enter");
      await page.keyboard.press("ArrowDown");
      await page.getByRole(opens).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole(opens).waitFor({ state: "detached" });
      expect([name, await button.evaluate((element) => element === document.activeElement)]).toEqual([
        name,
        true,
      ]);
    }
    await page.context().close();
  }, 60_000);

  test("find a comment, answer it, resolve it, approve", async () => {
    const page = await pageOf(browser, "edo");
    await openReview(page, `/a/${assetId}`);
    await page.keyboard.press("ArrowDown");
    const comment = page.getByRole("article").filter({ hasText: "Open note" });
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-current") === "true");
    await tabTo(page, /^Reply$/);
    await page.keyboard.press("Enter");
    await page.keyboard.type("Mended");
    await page.keyboard.press("Enter");
    await comment.getByRole("list", { name: "Replies" }).getByText("Mended").waitFor();
    await tabTo(page, /^Resolve$/);
    await page.keyboard.press("Enter");
    await comment.getByText("Resolved by Edo Editor").waitFor();
    await tabTo(page, /^Comments/);
    await page.keyboard.press("ArrowRight");
    await tabTo(page, /^Approve$/);
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("You approved this version.").waitFor();
    expect(faultsOf(page)).toEqual([]);
    await page.context().close();
  }, 60_000);
});

/** Presses Tab until what has the focus is called so. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press("Tab");
    const label = await page.evaluate(
      () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
    );
    if (name.test(label.trim())) return;
    seen.push(label.trim().slice(0, 30));
  }
  throw new Error(`Tab never led to ${name}; it led to ${seen.join(", ")}`);
}
