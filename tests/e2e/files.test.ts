import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQL } from "bun";
import type { Browser, Page } from "playwright-core";
import { countedClip } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { faultsOf, openReview, pageOf } from "./support/browser.ts";
import { access, ask, freshProject, uploadAsset } from "./support/product.ts";

let browser: Browser;
let projectId: string;
let clip: string;
let made: { assetId: string; versionId: string };
let page: Page;
const dropped = join(tmpdir(), `rushes-drop-${crypto.randomUUID()}`);

beforeAll(async () => {
  browser = await openChromium();
  projectId = await freshProject("Files", { milo: "manager" });
  clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  made = await uploadAsset(projectId, clip, undefined, "Ferry.mp4");
  await ask("POST", "/comments", { versionId: made.versionId, frame: 25, text: "Lower the horn" });
  page = await pageOf(browser, "milo");
}, 240_000);

afterAll(async () => {
  rmSync(dropped, { recursive: true, force: true });
  await browser?.close();
});

const asset = (name: string) => page.getByRole("list", { name: "Assets" }).locator(`a[title="${name}"]`);

describe("comments leave as files", () => {
  const formats: [string, RegExp, RegExp, (text: string) => void][] = [
    ["CSV table", /\.csv$/, /text\/csv/, (text) => expect(text).toMatch(/\n.*01:00:01:00.*Lower the horn/)],
    ["JSON", /\.json$/, /application\/json/, (text) => expect(text).toContain('"Lower the horn"')],
    ["EDL, Resolve markers", /\.edl$/, /text\/plain/, (text) => expect(text).toMatch(/^TITLE:[\s\S]*\|M:/)],
    [
      "FCPXML, Final Cut",
      /\.fcpxml$/,
      /xml/,
      (text) => expect(text).toMatch(/<fcpxml [\s\S]*Lower the horn/),
    ],
    ["XML, Premiere", /\.xml$/, /xml/, (text) => expect(text).toMatch(/<xmeml [\s\S]*Lower the horn/)],
    ["Avid markers", /\.txt$/, /text\/plain/, (text) => expect(text).toMatch(/01:00:01:00.*Lower the horn/)],
    ["OpenTimelineIO", /\.otio$/, /json/, (text) => expect(JSON.parse(text).OTIO_SCHEMA).toMatch(/Timeline/)],
    ["PDF with stills", /\.pdf$/, /application\/pdf/, (text) => expect(text).toMatch(/^%PDF-1/)],
  ];
  test("every format of the menu arrives under its name and with its content", async () => {
    await openReview(page, `/a/${made.assetId}`);
    for (const [words, name, type, check] of formats) {
      const answered = page.waitForResponse((response) => response.url().includes("/comments/export"));
      const arrives = page.waitForEvent("download", { timeout: 60_000 });
      await page.getByRole("button", { name: /^Export comments/ }).click();
      await page.getByRole("menuitem", { name: words }).click();
      expect((await answered).headers()["content-type"]).toMatch(type);
      const download = await arrives;
      expect(download.suggestedFilename()).toMatch(name);
      expect(download.suggestedFilename()).toStartWith("Ferry");
      check(await Bun.file(await download.path()).text());
    }
  }, 120_000);
});

describe("a file beside a comment", () => {
  test("is sent with it, opens for others, and is taken away again", async () => {
    await openReview(page, `/a/${made.assetId}`);
    await page.getByRole("textbox", { name: "Comment" }).fill("As in the reference");
    await page
      .getByLabel("Files to attach")
      .setInputFiles({ name: "reference.txt", mimeType: "text/plain", buffer: Buffer.from("warmer") });
    await page.getByRole("list", { name: "Files to attach" }).getByText("reference.txt").waitFor();
    await page.getByRole("button", { name: "Post", exact: true }).click();
    const comment = page.getByRole("article").filter({ hasText: "As in the reference" });
    const file = comment.getByRole("list", { name: "Attachments" }).getByText("reference.txt");
    await file.waitFor();
    const arrives = page.context().waitForEvent("page");
    await file.click();
    const opened = await arrives;
    await opened.getByText("warmer").waitFor();
    await opened.close();
    await comment.getByRole("button", { name: "Remove reference.txt" }).click();
    await file.waitFor({ state: "detached" });
  }, 60_000);
});

describe("a folder", () => {
  test("dropped on a project keeps its structure", async () => {
    mkdirSync(join(dropped, "Day 1/Sound"), { recursive: true });
    for (const name of ["Day 1/A001.mp4", "Day 1/Sound/A002.mp4"])
      await Bun.write(join(dropped, name), Bun.file(clip));
    writeFileSync(join(dropped, "Day 1/.DS_Store"), "no footage");
    await page.goto(`${access.urls.site}/p/${projectId}`);
    await page.waitForFunction(() => !document.querySelector("main [inert]"));
    const devtools = await page.context().newCDPSession(page);
    const data = { items: [], files: [join(dropped, "Day 1")], dragOperationsMask: 1 };
    const drag = (type: "dragEnter" | "dragOver" | "drop") =>
      devtools.send("Input.dispatchDragEvent", { type, x: 400, y: 400, data });
    await drag("dragEnter");
    await page.getByText("Drop to upload here").waitFor();
    await drag("dragOver");
    await drag("drop");
    await page.getByRole("list", { name: "Folders" }).getByRole("link", { name: "Day 1" }).click();
    await asset("A001.mp4").waitFor({ timeout: 30_000 });
    await page.getByRole("list", { name: "Folders" }).getByRole("link", { name: "Sound" }).click();
    await asset("A002.mp4").waitFor({ timeout: 30_000 });
    expect(faultsOf(page)).toEqual([]);
  }, 90_000);
});

describe("what was deleted", () => {
  test("comes back with one click while it can", async () => {
    const sql = new SQL(access.databases.postgres);
    // As when its time is over: neither the rows nor the storage keep it.
    await sql`update versions set lock_until = now() - interval '1 minute', master_key = ${`masters/none-${made.assetId}`}
      where asset_id = ${made.assetId}`;
    await sql.end();
    await page.goto(`${access.urls.site}/p/${projectId}`);
    await page.getByRole("button", { name: /^More for Ferry/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("status").getByText("1 asset deleted.").waitFor();
    expect(await asset("Ferry.mp4").count()).toBe(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await asset("Ferry.mp4").waitFor();
    await page.reload();
    await asset("Ferry.mp4").waitFor();
  }, 60_000);
});
