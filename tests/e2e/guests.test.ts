import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { countedClip } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { faultsOf, pageOf } from "./support/browser.ts";
import { access, ask, freshProject, uploadAsset } from "./support/product.ts";

const sizes = [
  { name: "desktop", viewport: { width: 1280, height: 800 } },
  { name: "phone", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
];

let browser: Browser;
let projectId: string;
let clip: string;
let versionId: string;

beforeAll(async () => {
  browser = await openChromium();
  projectId = await freshProject("Guests", { milo: "manager" });
  clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  ({ versionId } = await uploadAsset(projectId, clip, undefined, "Trailer.mp4"));
}, 240_000);

afterAll(() => browser?.close());

const share = (name: string, more: object) =>
  ask<{ url: string }>("POST", "/shares", { projectId, name, ...more });

async function enter(page: Page, url: string, name: string, passphrase?: string) {
  await page.goto(url);
  await page.getByRole("textbox", { name: "Your name" }).fill(name);
  if (passphrase) await page.getByLabel("Passphrase").fill(passphrase);
  await page.getByRole("button", { name: "Open" }).click();
}

for (const { name: size, ...options } of sizes)
  describe(`a guest, ${size}`, () => {
    const all = { comment: true, approve: true, download: true };
    test("comments, changes what is theirs alone, approves and downloads under their name", async () => {
      const name = `Trailer, ${size}`;
      const { url } = await share(name, {
        versionIds: [versionId],
        passphrase: "long winter",
        allow: all,
        watermark: "Confidential",
      });
      const [ana, ben] = [
        await pageOf(browser, undefined, options),
        await pageOf(browser, undefined, options),
      ];
      await enter(ana, url, "Ana", "wrong");
      await ana.getByRole("alert").getByText("That is not the passphrase").waitFor();
      await ana.getByLabel("Passphrase").fill("long winter");
      await ana.getByRole("button", { name: "Open" }).click();
      await ana.getByRole("textbox", { name: "Comment" }).fill(`From Ana, ${size}`);
      await ana.getByRole("button", { name: "Post", exact: true }).click();
      const own = ana.getByRole("article").filter({ hasText: `From Ana, ${size}` });
      await own.getByRole("button", { name: /^More for this comment/ }).click();
      await own.getByRole("menuitem", { name: "Edit" }).click();
      await ana.getByRole("textbox", { name: "Edit comment" }).fill(`Really from Ana, ${size}`);
      await ana.getByRole("button", { name: "Save" }).click();

      // Another Ana is not this one.
      await enter(ben, url, "Ana", "long winter");
      const hers = ben.getByRole("article").filter({ hasText: `Really from Ana, ${size}` });
      await hers.getByRole("button", { name: /^More for this comment/ }).click();
      await hers.getByRole("menuitem", { name: "Copy link" }).waitFor();
      expect(await hers.getByRole("menuitem", { name: "Edit" }).count()).toBe(0);
      await ben.context().close();

      await ana.getByRole("tab", { name: "Approval" }).click();
      await ana.getByRole("button", { name: "Approve" }).click();
      await ana.getByRole("status").getByText("You approved this version.").waitFor();

      await ana.getByRole("button", { name: "Full screen" }).click();
      await ana.waitForFunction(() => document.fullscreenElement !== null);
      const marked = await ana.evaluate(() => {
        const mark = document.fullscreenElement?.querySelector(".watermark span");
        const { width = 0, height = 0 } = mark?.getBoundingClientRect() ?? {};
        return { text: mark?.textContent, isSeen: width > 0 && height > 0 };
      });
      expect(marked).toEqual({ text: "Ana · Confidential", isSeen: true });
      await ana.evaluate(() => document.exitFullscreen());

      const arrives = ana.waitForEvent("download");
      await ana.getByRole("button", { name: "More", exact: true }).click();
      await ana.getByRole("menuitem", { name: "Download the master" }).click();
      const file = await arrives;
      expect(file.suggestedFilename()).toBe("Trailer.mp4");
      expect(Bun.file(await file.path()).size).toBe(Bun.file(clip).size);
      expect(faultsOf(ana)).toEqual([]);
      await ana.context().close();

      const manager = await pageOf(browser, "milo", options);
      await manager.goto(`${access.urls.site}/p/${projectId}/shares`);
      await manager.getByRole("button", { name, exact: true }).click();
      const visits = manager.getByRole("region", { name: "Visits table" });
      await visits.getByRole("row", { name: /Ana.*downloaded/ }).waitFor();
      expect(await visits.getByRole("row", { name: /Ana.*looked/ }).count()).toBe(2);
      await manager.context().close();
    }, 90_000);

    test("uploads where files are asked for", async () => {
      const { url } = await share(`Send us yours, ${size}`, { allow: { upload: true } });
      const page = await pageOf(browser, undefined, options);
      await enter(page, url, "Ana");
      const name = `From outside, ${size}.mp4`;
      const file = { name, mimeType: "video/mp4", buffer: Buffer.from(await Bun.file(clip).arrayBuffer()) };
      await page.getByLabel("Files to upload").setInputFiles(file);
      await page.getByRole("region", { name: "Uploads" }).getByText(name).waitFor();
      const milo = await pageOf(browser, "milo", options);
      await milo.goto(`${access.urls.site}/p/${projectId}`);
      await milo
        .getByRole("list", { name: "Assets" })
        .locator(`a[title="${name}"]`)
        .waitFor({ timeout: 30_000 });
      expect([...faultsOf(page), ...faultsOf(milo)]).toEqual([]);
      await page.context().close();
      await milo.context().close();
    }, 60_000);
  });
