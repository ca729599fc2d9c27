import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { BITS, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { faultsOf, openReview, pageOf, readFrames, waitForFrame } from "./support/browser.ts";
import { access, ask, freshProject, personOf } from "./support/product.ts";

let browser: Browser;
let projectId: string;
let clip: string;
let editor: Page;
let assetPath: string;

beforeAll(async () => {
  browser = await openChromium();
  clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  projectId = await freshProject("End to end", { edo: "editor", rita: "reviewer" });
  editor = await pageOf(browser, "edo");
}, 120_000);

afterAll(() => browser?.close());

describe("from a file on a disk to a comment on a frame", () => {
  test("an editor uploads a file and watches it become playable", async () => {
    await editor.goto(`${access.urls.site}/p/${projectId}`);
    await editor.getByTestId("file-picker").setInputFiles(clip);
    const tray = editor.getByRole("region", { name: "Uploads" });
    await tray.getByText("Ready to watch").waitFor({ timeout: 90_000 });
    const link = tray.getByRole("link", { name: "Open" });
    assetPath = (await link.getAttribute("href")) ?? "";
    await editor
      .getByRole("list", { name: "Assets" })
      .getByRole("link", { name: "e2e-25.mp4" })
      .first()
      .waitFor();
  }, 120_000);

  test("stepping to frame 37 shows the picture of frame 37", async () => {
    await openReview(editor, assetPath);
    await waitForFrame(editor, 0);
    for (let i = 0; i < 3; i++) await editor.keyboard.press("Shift+ArrowRight");
    for (let i = 0; i < 7; i++) await editor.keyboard.press("ArrowRight");
    await waitForFrame(editor, 37);
    expect(await readFrames(editor, BITS, SQUARE, BITS * SQUARE)).toEqual({ named: 37, seen: 37 });
    expect(await editor.getByTestId("timecode").textContent()).toBe("01:00:01:12");
  }, 60_000);

  test("a comment posted there is found again after a reload, on the same frame", async () => {
    await editor.getByRole("textbox", { name: "Comment" }).fill("The cut lands late.");
    await editor.getByRole("button", { name: "Post", exact: true }).click();
    const comment = editor.getByRole("article").filter({ hasText: "The cut lands late." });
    await comment.waitFor();
    await editor.waitForFunction(() => !document.body.textContent?.includes("sending"));
    await openReview(editor, assetPath);
    await waitForFrame(editor, 0);
    await editor
      .getByRole("article")
      .filter({ hasText: "The cut lands late." })
      .getByRole("button", { name: /^Go to/ })
      .click();
    await waitForFrame(editor, 37);
    expect(await readFrames(editor, BITS, SQUARE, BITS * SQUARE)).toEqual({ named: 37, seen: 37 });
  }, 60_000);

  test("a reviewer in another browser sees a comment appear without a reload", async () => {
    const reviewer = await pageOf(browser, "rita");
    await openReview(reviewer, assetPath);
    await reviewer.getByText("The cut lands late.").waitFor();
    await editor.getByRole("textbox", { name: "Comment" }).fill("And the sound is early.");
    const before = Date.now();
    await editor.getByRole("button", { name: "Post", exact: true }).click();
    await reviewer.getByRole("article").getByText("And the sound is early.").waitFor({ timeout: 10_000 });
    expect(Date.now() - before).toBeLessThan(5000);
    await reviewer.getByRole("img", { name: /Here now:.*Edo/ }).waitFor();
    await reviewer
      .getByRole("article")
      .filter({ hasText: "The cut lands late." })
      .getByRole("button", { name: "Reply" })
      .click();
    await reviewer.getByRole("textbox", { name: "Reply" }).fill("Trimmed by two.");
    await reviewer.getByRole("button", { name: "Post reply" }).click();
    await editor.getByRole("article").getByText("Trimmed by two.").waitFor({ timeout: 10_000 });
    const thread = editor.getByRole("article").filter({ hasText: "The cut lands late." });
    await thread.getByRole("button", { name: "Resolve" }).click();
    await reviewer.getByText(`Resolved by ${personOf("edo").name}`).waitFor({ timeout: 10_000 });
    expect(faultsOf(reviewer)).toEqual([]);
    expect(faultsOf(editor)).toEqual([]);
    await reviewer.context().close();
  }, 60_000);

  test("a guest opens a share with its passphrase and comments under a name", async () => {
    const assetId = assetPath.split("/").pop();
    const asset = await ask<{ version: { id: string } }>("GET", `/assets/${assetId}`);
    const share = await ask<{ url: string }>("POST", "/shares", {
      projectId,
      name: "For the client",
      versionIds: [asset.version.id],
      passphrase: "northern lights",
      allow: { comment: true },
    });
    const guest = await pageOf(browser, undefined);
    await guest.goto(share.url);
    await guest.getByRole("textbox", { name: "Your name" }).fill("Ana Client");
    await guest.getByLabel("Passphrase").fill("southern");
    await guest.getByRole("button", { name: "Open" }).click();
    await guest.getByRole("alert").getByText("not the passphrase").waitFor();
    await guest.getByLabel("Passphrase").fill("northern lights");
    await guest.getByRole("button", { name: "Open" }).click();
    await guest.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) >= 2);
    await guest.getByRole("textbox", { name: "Comment" }).fill("Lovely, from the client.");
    await guest.getByRole("button", { name: "Post", exact: true }).click();
    await editor.getByRole("article").getByText("Lovely, from the client.").waitFor({ timeout: 10_000 });
    expect(faultsOf(guest)).toEqual([]);
    await guest.context().close();
  }, 60_000);

  test("who is no member finds nothing", async () => {
    const stranger = await pageOf(browser, "otto");
    for (const path of [`/p/${projectId}`, assetPath, `/p/${projectId}/settings`, `/p/${projectId}/shares`]) {
      const response = await stranger.goto(`${access.urls.site}${path}`);
      expect({ path, status: response?.status() }).toEqual({ path, status: 404 });
      await stranger.getByRole("heading", { name: "There is nothing here" }).waitFor();
    }
    await stranger.context().close();
  }, 60_000);
});
