import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import type { Browser, Page } from "playwright-core";
import { countedClip } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { eventually } from "#tests/support/eventually.ts";
import { faultsOf, pageOf } from "./support/browser.ts";
import { access, ask, freshProject, uploadAsset } from "./support/product.ts";

let browser: Browser;
let projectId: string;
let page: Page;

beforeAll(async () => {
  browser = await openChromium();
  projectId = await freshProject("Browsing", { rita: "reviewer" });
  const clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  for (const name of ["Harbour.mp4", "Lighthouse.mp4", "Storm.mp4"]) {
    const { versionId } = await uploadAsset(projectId, clip, undefined, name);
    if (name === "Storm.mp4") {
      await ask("POST", "/comments", { versionId, frame: 12, text: "The thunder comes too soon" });
      await ask("POST", `/versions/${versionId}/approval`, { verdict: "approved" });
    }
  }
  page = await pageOf(browser, "mara");
}, 240_000);

afterAll(() => browser?.close());

const open = async (query = "") => {
  await page.goto(`${access.urls.site}/p/${projectId}${query}`);
  await page.waitForFunction(() => !document.querySelector("main [inert]"));
};
const assets = () => page.getByRole("list", { name: "Assets" });
const names = () => assets().locator(".asset-name").allTextContents();
const shows = (wanted: string[]) =>
  page.waitForFunction(
    (list) =>
      JSON.stringify(
        [...document.querySelectorAll("[aria-label=Assets] .asset-name")].map((e) => e.textContent).sort(),
      ) === JSON.stringify(list),
    wanted.toSorted(),
  );

describe("finding one's way in a project", () => {
  test("search finds names, comments and people while one types", async () => {
    await open();
    const field = page.getByRole("searchbox", { name: "Search in this project" });
    await field.fill("thunder");
    await page
      .getByRole("list", { name: "Search results" })
      .getByText("The thunder comes too soon")
      .waitFor();
    await field.fill("rita");
    await page.getByRole("list", { name: "Search results" }).getByText("Rita Reviewer").waitFor();
    await field.fill("light");
    await shows(["Lighthouse.mp4"]);
    await field.fill("");
    await shows(["Harbour.mp4", "Lighthouse.mp4", "Storm.mp4"]);
  }, 60_000);

  test("filter and order are in the address and survive a reload", async () => {
    await open();
    await page.getByRole("button", { name: /^Filter by status/ }).click();
    await page.getByRole("menuitemradio", { name: "Approved" }).click();
    await shows(["Storm.mp4"]);
    await page.reload();
    await shows(["Storm.mp4"]);
    await open("?sort=name");
    expect(await names()).toEqual(["Harbour.mp4", "Lighthouse.mp4", "Storm.mp4"]);
    await page.getByRole("button", { name: "List", exact: true }).click();
    await open("?sort=-name");
    expect(await names()).toEqual(["Storm.mp4", "Lighthouse.mp4", "Harbour.mp4"]);
    await page.getByRole("button", { name: "Grid", exact: true }).click();
  }, 60_000);

  test("several are moved into a folder at once; what is locked is not deleted, and why is said", async () => {
    await open();
    await page.getByRole("button", { name: "Folder", exact: true }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Night");
    await page.getByRole("button", { name: "Create folder" }).click();
    await page.getByRole("list", { name: "Folders" }).getByRole("link", { name: "Night" }).waitFor();
    for (const name of ["Storm.mp4", "Lighthouse.mp4"])
      await page.getByRole("checkbox", { name: `Select ${name}` }).check({ force: true });
    await page
      .getByRole("toolbar", { name: "Selected assets" })
      .getByRole("button", { name: "Move" })
      .click();
    await page.getByLabel("Folder", { exact: true }).selectOption({ label: "Night" });
    await page.getByRole("dialog").getByRole("button", { name: "Move" }).click();
    await shows(["Harbour.mp4"]);
    await page.getByRole("list", { name: "Folders" }).getByRole("link", { name: "Night" }).click();
    await page.getByRole("navigation", { name: "Breadcrumb" }).getByText("Night").waitFor();
    await shows(["Lighthouse.mp4", "Storm.mp4"]);
    await page.getByRole("button", { name: /^More for Storm/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    // Its master is locked: it comes back by itself, with the reason and the date.
    await page
      .getByRole("status")
      .getByText(/1 asset left as it was.*20\d\d/)
      .waitFor();
    await shows(["Lighthouse.mp4", "Storm.mp4"]);
  }, 60_000);

  test("a link is made, copied and taken back", async () => {
    await open();
    await page.getByRole("button", { name: /^More for Harbour/ }).click();
    await page.getByRole("menuitem", { name: "Share" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("For the client");
    await page.getByRole("button", { name: "Create link" }).click();
    const url = await page.getByRole("textbox", { name: "Link" }).inputValue();
    expect(url).toStartWith(`${access.urls.site}/s/rs_`);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("link", { name: "Shares" }).click();
    await page.getByRole("button", { name: "Take For the client back" }).click();
    await page.getByText("No links yet").waitFor();
    const guest = await pageOf(browser, undefined);
    const response = await guest.goto(url);
    expect(response?.status()).toBeGreaterThanOrEqual(400);
    await guest.getByRole("heading", { name: /does not open any more/ }).waitFor();
    await guest.context().close();
    expect(faultsOf(page)).toEqual([]);
  }, 60_000);
});

describe("settings of a project", () => {
  test("people, a webhook with a delivery, an API key", async () => {
    await page.goto(`${access.urls.site}/p/${projectId}/settings`);
    await page.getByLabel("Add by e-mail address").fill("someone.new@example.com");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("button", { name: /^Remove someone/i }).waitFor();
    await page.getByRole("link", { name: "Webhooks" }).click();
    await page.getByRole("button", { name: "Add an endpoint" }).click();
    await page.getByLabel("Address").fill("https://example.com/hooks");
    await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
    expect(await page.getByRole("textbox", { name: "Secret" }).inputValue()).toStartWith("whsec_");
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: /^More for https/ }).click();
    await page.getByRole("menuitem", { name: "Send a test" }).click();
    await page.getByRole("heading", { name: "Deliveries" }).waitFor();
    await page.getByRole("button", { name: "Send again" }).first().waitFor({ timeout: 15_000 });
    await page.getByRole("link", { name: "Audit" }).click();
    await page
      .getByRole("button", { name: /created/i })
      .first()
      .waitFor();
    await page.goto(`${access.urls.site}/settings`);
    const keyName = `Nightly script ${crypto.randomUUID()}`;
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill(keyName);
    await page.getByRole("button", { name: "Create key" }).click();
    expect(await page.getByRole("textbox", { name: "Secret" }).inputValue()).toStartWith("rk_");
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("row", { name: keyName }).getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("row", { name: keyName }).filter({ hasText: "Revoked" }).waitFor();
    expect(faultsOf(page)).toEqual([]);
  }, 90_000);
});

test("who asks for too many pages is told so, and goes on a moment later", async () => {
  // Vic looks in here alone: it is one person's share of the API that is used up.
  const hasty = await pageOf(browser, "vic");
  const cookies = await hasty.context().cookies(access.urls.site);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const answers = await Promise.all(
    Array.from({ length: 600 }, async () => {
      const answer = await fetch(`${access.urls.site}/`, { headers: { cookie }, redirect: "manual" });
      return { status: answer.status, text: await answer.text() };
    }),
  );
  const turnedDown = answers.filter(({ status }) => status !== 200);
  expect(new Set(turnedDown.map(({ status }) => status))).toEqual(new Set([429]));
  expect(turnedDown[0]?.text).toContain("Too many pages at once");
  await eventually(async () => expect((await hasty.goto(`${access.urls.site}/`))?.status()).toBe(200), {
    withinMs: 15_000,
  });
  await hasty.context().close();
}, 60_000);

test("a long list stays as long as one has made it while others work, and every folder is there", async () => {
  const many = await freshProject("Many", { rita: "reviewer" });
  const clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  const { versionId } = await uploadAsset(many, clip, undefined, "The last one.mp4");
  const sql = new SQL(access.databases.postgres);
  await sql`insert into assets (id, project_id, name, created_at)
    select 'ast_' || substr(md5(${many} || n), 1, 26), ${many}, 'Take ' || n, now() + n * interval '1 second'
    from generate_series(1, 230) n`;
  await sql`insert into folders (id, project_id, name)
    select 'fld_' || substr(md5(${many} || n), 1, 26), ${many}, 'Day ' || lpad(n::text, 3, '0') from generate_series(1, 210) n`;
  await sql.end();
  await page.goto(`${access.urls.site}/p/${many}`);
  await page.waitForFunction(() => !document.querySelector("main [inert]"));
  expect(await page.getByRole("list", { name: "Folders" }).getByRole("listitem").count()).toBe(210);
  const shown = (count: number) =>
    page.waitForFunction(
      (wanted) => document.querySelectorAll("[aria-label=Assets] .asset-name").length === wanted,
      count,
    );
  // The list is read again while more of it is on its way: what was asked for comes all the same.
  const reading = Promise.withResolvers<void>();
  await page.route("**/api/assets?**", async (route) => {
    if (!route.request().url().includes("cursor=")) reading.resolve();
    await reading.promise;
    await route.fallback();
  });
  await page.getByRole("button", { name: "Show more" }).click();
  await ask("POST", "/comments", { versionId, frame: 1, text: "Said meanwhile" });
  await shown(200);
  await page.unroute("**/api/assets?**");
  await page.getByRole("button", { name: "Show more" }).click();
  await shown(231);
  await ask("POST", "/comments", { versionId, frame: 3, text: "Seen from afar" });
  await page.getByTitle("2 open comments", { exact: true }).waitFor();
  expect(await assets().locator(".asset-name").count()).toBe(231);
}, 120_000);
