import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import type { Browser, Page } from "playwright-core";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { eventually } from "#tests/support/eventually.ts";
import { faultsOf, pageOf } from "./support/browser.ts";
import { access, freshProject } from "./support/product.ts";

let browser: Browser;
let projectId: string;
let page: Page;
let film: string;

/** Noise does not compress, so a few seconds are large enough for parts. */
const noise = () =>
  fixture("e2e-noise-2.mp4", (output, folder) =>
    ffmpeg(
      [
        ...["-f", "lavfi", "-i", "color=c=gray:s=1280x720:r=25:d=1.2,noise=alls=100:allf=t,format=yuv420p"],
        ...["-c:v", "libx264", "-preset", "ultrafast", "-qp", "6", "-f", "mp4", output],
      ],
      folder,
    ),
  );

const stillPicture = () =>
  fixture("e2e-still.png", (output, folder) =>
    ffmpeg(
      [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x36:d=0.04:r=25",
        "-frames:v",
        "1",
        "-f",
        "image2",
        "-c:v",
        "png",
        output,
      ],
      folder,
    ),
  );

beforeAll(async () => {
  browser = await openChromium();
  film = await noise();
  projectId = await freshProject("Uploads", { edo: "editor" });
  page = await pageOf(browser, "edo");
  page.on("dialog", (dialog) => void dialog.accept());
}, 180_000);

afterAll(() => browser?.close());

async function slowDown(bytesPerSecond: number) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond,
  });
}

const tray = () => page.getByRole("region", { name: "Uploads" });
const open = () => page.goto(`${access.urls.site}/p/${projectId}`);

describe("a large file in parts", () => {
  test("is paused, goes on, survives moving to another page and a reload", async () => {
    expect(Bun.file(film).size).toBeGreaterThan(40_000_000);
    await open();
    await slowDown(6_000_000);
    await page.getByTestId("file-picker").setInputFiles(film);
    const bar = tray().getByRole("progressbar");
    const share = async () => Number(await bar.getAttribute("aria-valuenow"));
    const reach = (percent: number) =>
      page.waitForFunction(
        (least) =>
          Number(document.querySelector(".tray [role=progressbar]")?.getAttribute("aria-valuenow")) >= least,
        percent,
        { timeout: 60_000 },
      );
    await reach(5);
    await tray()
      .getByRole("button", { name: /^Pause/ })
      .click();
    await tray()
      .getByText(/^Paused at/)
      .waitFor();
    await tray()
      .getByRole("button", { name: /^Resume/ })
      .click();
    await reach(20);
    await page.getByRole("link", { name: "Projects", exact: true }).click();
    await page.getByRole("heading", { name: "Projects", level: 1 }).waitFor();
    expect(await share()).toBeGreaterThanOrEqual(20);
    await reach(45);
    await page.reload();
    await tray()
      .getByText(/Resume with the same file/)
      .waitFor({ timeout: 20_000 });
    expect(await share()).toBeGreaterThan(10);
    const chooser = page.waitForEvent("filechooser");
    await tray()
      .getByRole("button", { name: /^Resume/ })
      .click();
    await (await chooser).setFiles(film);
    await tray().getByText("Ready to watch").waitFor({ timeout: 120_000 });
    expect(faultsOf(page)).toEqual([]);
  }, 240_000);

  test("is cancelled and leaves nothing open", async () => {
    await open();
    await slowDown(3_000_000);
    await page.getByTestId("file-picker").setInputFiles(film);
    await tray().getByText(/ of /).last().waitFor();
    await page.waitForTimeout(1500);
    await tray()
      .getByRole("button", { name: /^Cancel/ })
      .click();
    await tray().waitFor({ state: "detached" });
    await page.waitForTimeout(800);
    await page.reload();
    await page.waitForTimeout(2000);
    expect(await tray().count()).toBe(0);
    await slowDown(-1);
  }, 60_000);
});

describe("what is refused says why", () => {
  test("an empty file and a text file", async () => {
    await open();
    await page.getByTestId("file-picker").setInputFiles([
      { name: "empty.mp4", mimeType: "video/mp4", buffer: Buffer.alloc(0) },
      { name: "shot list.txt", mimeType: "text/plain", buffer: Buffer.from("12 A wide") },
      {
        name: "words.mp4",
        mimeType: "video/mp4",
        buffer: Buffer.from("these are only words, no film at all"),
      },
    ]);
    const alerts = tray().getByRole("alert");
    await alerts.nth(2).waitFor({ timeout: 60_000 });
    const texts = await alerts.allTextContents();
    expect(texts.length).toBe(3);
    expect(texts.join(" ")).toContain("empty");
    for (const text of texts) expect(text.length).toBeGreaterThan(15);
  }, 90_000);
});

test("without a line a whole folder waits, in a short list, and goes on by itself", async () => {
  // A page of its own: the throttling of the others would contradict being offline.
  const lone = await pageOf(browser, "edo");
  const uploads = lone.getByRole("region", { name: "Uploads" });
  await lone.goto(`${access.urls.site}/p/${projectId}`);
  await lone.locator(".page:not([inert])").waitFor();
  // The tray is an island of its own; what has not been loaded cannot be without a line.
  await lone.waitForFunction(() => !document.querySelector("astro-island[ssr]"));
  await lone.context().setOffline(true);
  const buffer = Buffer.from(await Bun.file(await stillPicture()).arrayBuffer());
  await lone
    .getByTestId("file-picker")
    .setInputFiles(
      Array.from({ length: 130 }, (_, i) => ({ name: `frame ${i}.png`, mimeType: "image/png", buffer })),
    );
  await uploads.getByText("Goes on by itself when it is back").first().waitFor();
  expect(await uploads.getByRole("listitem").count()).toBeLessThan(80);
  await uploads.getByText(/^and \d+ more$/).waitFor();
  await lone.context().setOffline(false);
  await uploads.getByText("Ready to watch").first().waitFor({ timeout: 60_000 });
  expect(await uploads.getByRole("alert").count()).toBe(0);
  await lone.context().close();
}, 120_000);

test("the same file picked again after a reload goes on instead of starting twice", async () => {
  await open();
  await slowDown(6_000_000);
  await page.getByTestId("file-picker").setInputFiles(film);
  await tray()
    .getByText(/MB of .*MB\/s/)
    .last()
    .waitFor();
  await page.reload();
  await tray()
    .getByText(/Resume with the same file/)
    .waitFor();
  await slowDown(-1);
  await page.getByTestId("file-picker").setInputFiles(film);
  await tray().getByText("Ready to watch").waitFor({ timeout: 90_000 });
  expect(await tray().getByRole("listitem").count()).toBe(1);
}, 120_000);

test("a second page leaves alone what the first is sending", async () => {
  await open();
  await slowDown(3_000_000);
  await page.getByTestId("file-picker").setInputFiles(film);
  await tray()
    .getByText(/MB of .*MB\/s/)
    .last()
    .waitFor();
  const other = await page.context().newPage();
  await other.goto(`${access.urls.site}/p/${projectId}`);
  await other.waitForTimeout(2000);
  expect(await other.getByRole("region", { name: "Uploads" }).count()).toBe(0);
  await page.goto("about:blank");
  await other.reload();
  await other
    .getByText(/Resume with the same file/)
    .first()
    .waitFor();
  await other
    .getByRole("button", { name: /^Cancel/ })
    .first()
    .click();
  await other.close();
}, 60_000);

describe("what is still on its way", () => {
  let lone: Page;
  const uploads = () => lone.getByRole("region", { name: "Uploads" });
  const button = (name: RegExp) => uploads().getByRole("button", { name });
  /** Every block that the page begins to send. */
  let blocks: string[];

  beforeEach(async () => {
    lone = await pageOf(browser, "edo");
    lone.on("dialog", (dialog) => void dialog.accept());
    blocks = [];
    lone.on("request", (request) => {
      if (request.method() === "PUT") blocks.push(request.url());
    });
    await lone.goto(`${access.urls.site}/p/${projectId}`);
    await lone.locator(".page:not([inert])").waitFor();
    await lone.waitForFunction(() => !document.querySelector("astro-island[ssr]"));
  });
  afterEach(() => lone.context().close());

  /** The answer to the next opening is kept back until the caller lets it through. */
  const openSlowly = async (name: string) => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    await lone.route("**/api/presign", async (route) => {
      if (route.request().method() !== "POST") return route.fallback();
      const response = await route.fetch();
      asked.resolve();
      await answer.promise;
      await route.fulfill({ response });
    });
    const buffer = Buffer.from(await Bun.file(await stillPicture()).arrayBuffer());
    await lone.getByTestId("file-picker").setInputFiles([{ name, mimeType: "image/png", buffer }]);
    await asked.promise;
    return answer.resolve;
  };
  const states = async (name: string) => {
    const sql = new SQL(access.databases.postgres);
    const rows: { state: string }[] =
      await sql`select state from uploads where name = ${name} and project_id = ${projectId}`;
    await sql.end();
    return rows.map(({ state }) => state);
  };

  test("an upload cancelled while it is opened is withdrawn, and nothing of it is sent", async () => {
    const letThrough = await openSlowly("cancelled early.png");
    await button(/^Cancel/).click();
    await uploads().waitFor({ state: "detached" });
    letThrough();
    await eventually(async () => expect(await states("cancelled early.png")).toEqual(["aborted"]));
    expect(blocks).toEqual([]);
  }, 60_000);

  test("an upload paused while it is opened waits, and is opened once", async () => {
    const letThrough = await openSlowly("paused early.png");
    await button(/^Pause/).click();
    const answered = lone.waitForResponse("**/api/presign");
    letThrough();
    await (await answered).finished();
    await lone.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    expect(blocks).toEqual([]);
    await uploads()
      .getByText(/^Paused at/)
      .waitFor();
    await button(/^Resume/).click();
    await uploads().getByText("Ready to watch").waitFor({ timeout: 60_000 });
    expect(await states("paused early.png")).toEqual(["promoted"]);
  }, 90_000);

  test("a full storage is said, ends every part of the file, and the file goes on where it was", async () => {
    const isFull = (url: URL) => url.searchParams.get("partNumber") === "1";
    await lone.route(isFull, async (route) => {
      if (route.request().method() !== "PUT") return route.fallback();
      await route.fulfill({
        status: 507,
        headers: { "access-control-allow-origin": access.urls.site },
        body: "<Error><Code>InsufficientStorage</Code></Error>",
      });
    });
    const devtools = await lone.context().newCDPSession(lone);
    const line = { offline: false, latency: 0, downloadThroughput: -1 };
    await devtools.send("Network.emulateNetworkConditions", { ...line, uploadThroughput: 3_000_000 });
    await lone.getByTestId("file-picker").setInputFiles(film);
    await uploads().getByText("The storage is full. What has arrived is kept").waitFor();
    const begun = blocks.length;
    await devtools.send("Network.emulateNetworkConditions", { ...line, uploadThroughput: -1 });
    await lone.evaluate(() => new Promise((done) => setTimeout(done, 1500)));
    expect(blocks.length).toBe(begun);
    await lone.unroute(isFull);
    await button(/^Retry/).click();
    await uploads().getByText("Ready to watch").waitFor({ timeout: 90_000 });
  }, 120_000);
});
