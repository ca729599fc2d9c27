import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { openDatabase } from "#core/db/db.ts";
import { forgetEvents } from "#core/events/log.ts";
import { BITS, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { eventually } from "#tests/support/eventually.ts";
import { faultsOf, openReview, pageOf, readFrames, waitForFrame } from "./support/browser.ts";
import { access, ask, freshProject, uploadAsset } from "./support/product.ts";

let browser: Browser;
let projectId: string;
let path: string;
let versions: string[];
let editor: Page;

beforeAll(async () => {
  browser = await openChromium();
  projectId = await freshProject("Reviewing", { edo: "editor", rita: "reviewer", milo: "manager" });
  const clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  const first = await uploadAsset(projectId, clip, undefined, "Scene 12.mp4");
  await ask("POST", "/comments", { versionId: first.versionId, frame: 50, text: "From the first version" });
  const second = await uploadAsset(projectId, clip, first.assetId, "Scene 12 v2.mp4");
  path = `/a/${first.assetId}`;
  versions = [first.versionId, second.versionId];
  editor = await pageOf(browser, "edo");
}, 240_000);

afterAll(() => browser?.close());

const named = (frame: number) => ({ named: frame, seen: frame });
const goTo = async (page: Page, text: string) => {
  await page.keyboard.press("g");
  await page.getByLabel("Go to timecode, frame or seconds").fill(text);
  await page.keyboard.press("Enter");
};

describe("reviewing a version", () => {
  test("go-to takes timecode, frames and seconds, and says what it cannot take", async () => {
    await openReview(editor, path);
    for (const [text, frame] of [
      ["01:00:02:10", 60],
      ["2s", 50],
      ["+5", 55],
      ["149", 149],
    ] as const) {
      await goTo(editor, text);
      await waitForFrame(editor, frame);
      expect(await readFrames(editor, BITS, SQUARE, BITS * SQUARE)).toEqual(named(frame));
    }
    await goTo(editor, "02:00:00:00");
    await editor.getByRole("alert").filter({ hasText: "after the last frame" }).waitFor();
    await editor.keyboard.press("Escape");
  }, 60_000);

  test("an address with a frame, or with a comment, lands there", async () => {
    await openReview(editor, `${path}?f=42`);
    await waitForFrame(editor, 42);
    expect(await readFrames(editor, BITS, SQUARE, BITS * SQUARE)).toEqual(named(42));
    const [comment] = (await ask<{ items: { id: string }[] }>("GET", `/comments?versionId=${versions[0]}`))
      .items;
    await openReview(editor, `${path}?v=${versions[0]}&c=${comment?.id}`);
    await waitForFrame(editor, 50);
    await editor.locator("[aria-current=true]").filter({ hasText: "From the first version" }).waitFor();
    await openReview(editor, path);
  }, 60_000);

  test("a drawing is posted with its comment and shown on its frame only", async () => {
    await goTo(editor, "30");
    await waitForFrame(editor, 30);
    await editor.keyboard.press("d");
    await editor
      .getByRole("toolbar", { name: "Drawing tools" })
      .getByRole("button", { name: "Arrow" })
      .click();
    const box = await editor.locator(".picture").boundingBox();
    if (!box) throw new Error("no picture");
    await editor.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
    await editor.mouse.down();
    await editor.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.7, { steps: 5 });
    await editor.mouse.up();
    await editor.getByRole("textbox", { name: "Comment" }).fill("Look here");
    await editor.getByRole("button", { name: "Post", exact: true }).click();
    const comment = editor.getByRole("article").filter({ hasText: "Look here" });
    await comment.getByLabel("Has a drawing").waitFor();
    await comment.getByRole("button", { name: /^Go to/ }).click();
    await editor.getByRole("img", { name: "Drawing with 1 shapes" }).waitFor();
    await editor.keyboard.press("ArrowRight");
    await waitForFrame(editor, 31);
    expect(await editor.getByRole("img", { name: /^Drawing with/ }).count()).toBe(0);
  }, 60_000);

  test("a drawing is undone by keys, stays on its frame, and survives a reload; Shift and a drag make a range", async () => {
    await goTo(editor, "20");
    await waitForFrame(editor, 20);
    await editor.keyboard.press("d");
    const box = await editor.locator(".picture").boundingBox();
    const line = await editor.locator(".timeline").boundingBox();
    if (!box || !line) throw new Error("no picture");
    const stroke = async (at: number) => {
      await editor.mouse.move(box.x + box.width * at, box.y + box.height * 0.5);
      await editor.mouse.down();
      await editor.mouse.move(box.x + box.width * (at + 0.1), box.y + box.height * 0.6, { steps: 3 });
      await editor.mouse.up();
    };
    const shapes = (n: number) => editor.getByRole("img", { name: `Drawing with ${n} shapes` }).waitFor();
    await stroke(0.2);
    await stroke(0.5);
    await shapes(2);
    await editor.keyboard.press("Control+z");
    await shapes(1);
    await editor.keyboard.press("Control+Shift+z");
    await shapes(2);
    await editor.keyboard.press("Shift+ArrowRight");
    await waitForFrame(editor, 30);
    expect(await editor.locator(".composer-at").textContent()).toStartWith("01:00:00:20");
    await openReview(editor, path);
    await shapes(2);
    await waitForFrame(editor, 20);
    await editor.keyboard.press("Escape");
    await editor.keyboard.down("Shift");
    await editor.mouse.move(line.x + line.width * 0.75, line.y + 40);
    await editor.mouse.down();
    await editor.mouse.move(line.x + line.width * 0.5, line.y + 40, { steps: 5 });
    await editor.mouse.up();
    await editor.keyboard.up("Shift");
    expect(await editor.locator(".composer-at").textContent()).toMatch(/^01:00:0[23]:\d\d–01:00:04:1\d$/);
    await editor.getByRole("button", { name: "Clear the range" }).click();
  }, 60_000);

  test("a draft survives a reload; a comment is edited, reacted to, and deleted with a way back", async () => {
    await editor.getByRole("textbox", { name: "Comment" }).fill("Half a thou");
    await openReview(editor, path);
    const field = editor.getByRole("textbox", { name: "Comment" });
    expect(await field.inputValue()).toBe("Half a thou");
    await field.fill("A whole thought");
    await editor.getByRole("button", { name: "Post", exact: true }).click();
    const comment = editor.getByRole("article").filter({ hasText: "A whole thought" });
    await comment.getByRole("button", { name: /^React/ }).click();
    await comment.getByRole("menuitem", { name: /Thumbs up/ }).click();
    await comment.getByRole("list", { name: "Reactions" }).getByText("1").waitFor();
    await comment.getByRole("button", { name: /^More for this comment/ }).click();
    await comment.getByRole("menuitem", { name: "Edit" }).click();
    await editor.getByRole("textbox", { name: "Edit comment" }).fill("Another thought");
    await editor.getByRole("button", { name: "Save" }).click();
    const edited = editor.getByRole("article").filter({ hasText: "Another thought" });
    await edited.getByText("edited").waitFor();
    await edited.getByRole("button", { name: /^More for this comment/ }).click();
    await edited.getByRole("menuitem", { name: "Delete" }).click();
    await editor.getByRole("button", { name: "Undo" }).click();
    await edited.waitFor();
  }, 60_000);

  test("open comments of the version before are carried forward", async () => {
    await editor.getByRole("tab", { name: "Versions" }).click();
    await editor.getByRole("button", { name: /Carry 1 open comment forward from v1/ }).click();
    await editor.getByRole("tab", { name: /^Comments/ }).click();
    await editor
      .getByRole("article")
      .filter({ hasText: "From the first version" })
      .getByText("carried")
      .waitFor();
  }, 30_000);

  test("a review is asked for, given, and seen at once", async () => {
    await editor.getByRole("tab", { name: "Approval" }).click();
    await editor.getByRole("button", { name: "Request review" }).click();
    await editor.getByRole("checkbox", { name: /Rita/ }).check();
    await editor.getByRole("button", { name: "Ask", exact: true }).click();
    await editor.getByText("Awaited").waitFor();
    const rita = await pageOf(browser, "rita");
    await rita.goto(`${access.urls.site}/`);
    await rita.getByRole("button", { name: /Notices, \d+ unread/ }).click();
    await rita
      .getByRole("link", { name: /asks for your review of Scene 12/ })
      .first()
      .click();
    await rita.getByRole("tab", { name: "Approval" }).click();
    await rita.getByRole("button", { name: "Approve" }).click();
    await editor
      .getByRole("banner")
      .or(editor.locator(".review-bar"))
      .getByText("Approved")
      .first()
      .waitFor({ timeout: 10_000 });
    await rita.context().close();
  }, 60_000);

  test("one person leads, another follows", async () => {
    const follower = await pageOf(browser, "rita");
    await openReview(follower, path);
    await openReview(editor, path);
    await editor.getByRole("button", { name: "More", exact: true }).click();
    await editor.getByRole("menuitem", { name: "Lead a session" }).click();
    await follower.getByRole("button", { name: "Follow", exact: true }).click();
    await goTo(editor, "77");
    await waitForFrame(follower, 77);
    expect(await readFrames(follower, BITS, SQUARE, BITS * SQUARE)).toEqual(named(77));
    await editor.keyboard.press("Space");
    await follower.getByRole("button", { name: /^Pause/ }).waitFor();
    await editor.keyboard.press("Space");
    await follower.getByRole("button", { name: /^Play/ }).waitFor();
    const shown = (page: Page) => readFrames(page, BITS, SQUARE, BITS * SQUARE);
    await eventually(async () => expect(await shown(follower)).toEqual(await shown(editor)));
    await editor.getByRole("button", { name: "Stop leading" }).click();
    await follower.getByText("You follow").waitFor({ state: "detached" });
    expect([...faultsOf(editor), ...faultsOf(follower)]).toEqual([]);
    await follower.context().close();
  }, 60_000);

  test("two versions are compared in step, with an offset", async () => {
    await editor.goto(`${access.urls.site}/compare?left=${versions[0]}&right=${versions[1]}`);
    await editor.waitForFunction(() =>
      [...document.querySelectorAll("video")].every((video) => video.readyState >= 2),
    );
    await goTo(editor, "60");
    const shows = (left: number, right: number) =>
      editor.waitForFunction(
        ([a, b]) =>
          document.querySelector("[data-testid=frame-v1]")?.textContent === String(a) &&
          document.querySelector("[data-testid=frame-v2]")?.textContent === String(b),
        [left, right] as const,
      );
    await shows(60, 60);
    await editor.getByRole("button", { name: "Right one frame later" }).click();
    await shows(60, 61);
    for (const mode of ["Wipe", "Overlay", "Difference", "Side by side"])
      await editor.getByRole("button", { name: mode }).click();
    await editor.keyboard.press("ArrowRight");
    await shows(61, 62);
    expect(faultsOf(editor)).toEqual([]);
  }, 60_000);

  test("who was away for longer than events are kept sees what is there now", async () => {
    const versionId = versions[1];
    const post = (text: string) => ask<{ id: string }>("POST", "/comments", { versionId, frame: 70, text });
    const withdrawn = await post("Said and withdrawn");
    const page = await pageOf(browser, "edo");
    await openReview(page, path);
    const comments = page.getByRole("article");
    await comments.filter({ hasText: "Said and withdrawn" }).waitFor();
    // What is open stays open: nothing but the stream can tell this tab that there is something new.
    await page.getByRole("tab", { name: "Approval" }).click();
    await page.getByRole("button", { name: "Approve" }).waitFor();
    await page.context().setOffline(true);
    await page.getByText("Reconnecting").first().waitFor();
    await ask("DELETE", `/comments/${withdrawn.id}`);
    await post("Said while you slept");
    await ask("POST", `/versions/${versionId}/approval`, {
      verdict: "changes-requested",
      note: "While you slept",
    });
    const sql = openDatabase(access.databases.postgres, { pool: 1, name: "e2e" });
    await eventually(async () => {
      const stored =
        await sql`select 1 from event_log where project_id = ${projectId} and type = 'comment.deleted'`;
      expect(stored).not.toHaveLength(0);
      expect(await sql`select 1 from outbox where topic = 'event'`).toHaveLength(0);
    });
    await sql`update event_log set at = now() - interval '1 year'`;
    await forgetEvents(sql, 90, 1_000_000);
    await sql.end();
    await page.context().setOffline(false);
    await page.getByText("While you slept", { exact: true }).waitFor();
    await page.getByRole("tab", { name: "Comments" }).click();
    await comments.filter({ hasText: "Said while you slept" }).waitFor();
    await comments.filter({ hasText: "Said and withdrawn" }).waitFor({ state: "detached" });
    expect(await faultsOf(page)).toEqual([]);
    await page.context().close();
  }, 60_000);
});

describe("custody in plain words", () => {
  test("a manager places a hold; only another one releases it", async () => {
    const mara = await pageOf(browser, "mara");
    await openReview(mara, path);
    await mara.getByRole("tab", { name: "Custody" }).click();
    await mara.getByText(/Locked until/).waitFor();
    await mara.getByRole("button", { name: "Place a legal hold" }).click();
    await mara.getByRole("textbox", { name: "Reason" }).fill("Dispute about the cut");
    await mara.getByRole("dialog").getByRole("button", { name: "Place a legal hold" }).click();
    await mara.getByText(/Under legal hold/).waitFor();
    await mara.getByRole("button", { name: "Release the hold" }).click();
    await mara.getByRole("textbox", { name: "Reason" }).fill("Settled");
    await mara.getByRole("dialog").getByRole("button", { name: "Release the hold" }).click();
    await mara
      .getByRole("status")
      .getByText(/Nothing was changed/)
      .waitFor();
    const milo = await pageOf(browser, "milo");
    await openReview(milo, path);
    await milo.getByRole("tab", { name: "Custody" }).click();
    await milo.getByRole("button", { name: "Release the hold" }).click();
    await milo.getByRole("textbox", { name: "Reason" }).fill("Settled");
    await milo.getByRole("dialog").getByRole("button", { name: "Release the hold" }).click();
    await milo.getByRole("button", { name: "Place a legal hold" }).waitFor();
    // Who looks at the same panel sees it without a reload.
    await mara.getByText(/Under legal hold/).waitFor({ state: "detached" });
    // What a dialog asks is what it asked when it was opened.
    await mara
      .getByRole("dialog", { name: "Release the hold" })
      .getByRole("button", { name: "Cancel" })
      .click();
    await mara.getByRole("button", { name: "Read it again now" }).click();
    await mara.getByText("The master is read again within minutes").waitFor();
    // What the clock does every five minutes.
    const sql = openDatabase(access.databases.postgres, { pool: 1, name: "e2e" });
    await sql`update versions set verified_at = now(), verify_asked_at = null where verify_asked_at is not null`;
    await sql.end();
    await mara.getByText(/was last read and compared/).waitFor();
    await mara.context().close();
    await milo.context().close();
  }, 60_000);
});
