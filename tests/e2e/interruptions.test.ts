import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import type { Browser, Page } from "playwright-core";
import { countedClip } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { faultsOf, openReview, pageOf, waitForFrame } from "./support/browser.ts";
import { access, ask, freshProject, personOf, uploadAsset } from "./support/product.ts";

let browser: Browser;
let projectId: string;
let path: string;
let versionId: string;
let page: Page;

beforeAll(async () => {
  browser = await openChromium();
  projectId = await freshProject("Interrupted", { edo: "editor" });
  const clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
  const asset = await uploadAsset(projectId, clip, undefined, "Scene 40.mp4");
  path = `/a/${asset.assetId}`;
  versionId = asset.versionId;
  page = await pageOf(browser, "edo");
}, 240_000);

afterAll(() => browser?.close());

const field = (of: Page) => of.getByRole("textbox", { name: "Comment", exact: true });
const post = async (text: string) => {
  await field(page).fill(text);
  await page.getByRole("button", { name: "Post", exact: true }).click();
  const comment = page.getByRole("article").filter({ hasText: text });
  await comment.getByText("sending").waitFor({ state: "detached" });
  return comment;
};
const texts = async () =>
  (await ask<{ items: { text: string }[] }>("GET", `/comments?versionId=${versionId}`)).items.map(
    ({ text }) => text,
  );

describe("what comes between", () => {
  test("a comment deleted just before leaving the page is gone", async () => {
    await openReview(page, path);
    const comment = await post("Said too soon");
    await comment.getByRole("button", { name: /^More for this comment/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByText("Comment deleted.").waitFor();
    await page.goto(`${access.urls.site}/favicon.svg`);
    for (const end = Date.now() + 15_000; (await texts()).includes("Said too soon"); await Bun.sleep(100))
      if (Date.now() > end) throw new Error("it is still there");
  }, 60_000);

  test("a browser whose clock is wrong by an hour says the right ages", async () => {
    const wrong = await pageOf(browser, "edo");
    await wrong.addInitScript(() => {
      const real = Date.now;
      Date.now = () => real() + 3_600_000;
    });
    await openReview(page, path);
    await post("Just said");
    await openReview(wrong, path);
    const said = wrong.getByRole("article").filter({ hasText: "Just said" }).locator("time");
    expect(await said.textContent()).toMatch(/^(just now|\d min)$/);
    await wrong.context().close();
  }, 60_000);

  test("in full screen the comment's field can be seen, and the page is whole again afterwards", async () => {
    await openReview(page, path);
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement !== null);
    await field(page).waitFor({ state: "detached" });
    await page.keyboard.press("c");
    await page.keyboard.type("Seen");
    const inside = await field(page).evaluate((element) => document.fullscreenElement?.contains(element));
    expect([inside, await field(page).inputValue()]).toEqual([true, "Seen"]);
    await field(page).fill("");
    await page.evaluate(() => document.exitFullscreen());
    await page.getByRole("tab", { name: /^Comments/ }).waitFor();
  }, 60_000);

  test("pictures pasted into a comment are attached to it", async () => {
    await openReview(page, path);
    await field(page).fill("As in these");
    await field(page).evaluate((element) => {
      const clipboardData = new DataTransfer();
      for (const bytes of ["one", "another"])
        clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
      element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    });
    await page.getByRole("button", { name: "Post", exact: true }).click();
    const files = page
      .getByRole("article")
      .filter({ hasText: "As in these" })
      .getByRole("list", { name: "Attachments" });
    await files.getByRole("button", { name: /^pasted-1\.png/ }).waitFor();
    await files.getByRole("button", { name: /^pasted-2\.png/ }).waitFor();
  }, 60_000);

  test("an answer that got lost is asked for again, not said twice", async () => {
    await openReview(page, path);
    await page.route("**/api/comments", async (route) => {
      if (route.request().method() === "POST") {
        await route.fetch();
        await route.abort();
      } else await route.fallback();
    });
    await field(page).fill("Only once");
    await page.getByRole("button", { name: "Post", exact: true }).click();
    await page.getByText("Your comment was not posted").waitFor();
    await page.unroute("**/api/comments");
    expect(await field(page).inputValue()).toBe("Only once");
    await page.getByRole("button", { name: "Post", exact: true }).click();
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#composer")?.value === "");
    await page.getByRole("button", { name: "Post", exact: true }).and(page.locator(":disabled")).waitFor();
    expect((await texts()).filter((text) => text === "Only once")).toHaveLength(1);
  }, 60_000);

  test("what is typed while a comment is on its way is kept", async () => {
    await openReview(page, path);
    const held = Promise.withResolvers<void>();
    await page.route("**/api/comments", async (route) => {
      await held.promise;
      await route.fallback();
    });
    await field(page).fill("On its way");
    await page.getByRole("button", { name: "Post", exact: true }).click();
    const sent = page.getByRole("article").filter({ hasText: "On its way" });
    await sent.getByText("sending").waitFor();
    await field(page).fill("The next one");
    held.resolve();
    await sent.getByText("sending").waitFor({ state: "detached" });
    await page.unroute("**/api/comments");
    await openReview(page, path);
    expect(await field(page).inputValue()).toBe("The next one");
    await field(page).fill("");
  }, 60_000);

  test("an answer to a comment leaves the field at once, and comes back to it when it was not sent", async () => {
    await openReview(page, path);
    const comment = await post("A question");
    const held = Promise.withResolvers<void>();
    await page.route("**/api/comments", async (route) => {
      await held.promise;
      await route.abort();
    });
    await comment.getByRole("button", { name: "Reply" }).click();
    await page.keyboard.type("An answer");
    await page.keyboard.press("Enter");
    await comment.getByRole("list", { name: "Replies" }).getByText("An answer").waitFor();
    expect(await page.getByRole("textbox", { name: "Reply" }).count()).toBe(0);
    held.resolve();
    await page.getByText("Your comment was not posted").waitFor();
    expect(await page.getByRole("textbox", { name: "Reply" }).inputValue()).toBe("An answer");
    await page.unroute("**/api/comments");
    await page.keyboard.press("Enter");
    await comment
      .getByRole("list", { name: "Replies" })
      .getByText(/just now/)
      .waitFor();
  }, 60_000);

  test("who changes a comment that was changed meanwhile sees that, and keeps the words", async () => {
    await openReview(page, path);
    const comment = await post("First words");
    const other = await pageOf(browser, "edo");
    await openReview(other, path);
    const edit = async (of: Page, text: string) => {
      await of
        .getByRole("article")
        .filter({ hasText: "First words" })
        .getByRole("button", { name: /^More for this/ })
        .click();
      await of.getByRole("menuitem", { name: "Edit" }).click();
      await of.getByRole("textbox", { name: "Edit comment" }).fill(text);
    };
    await edit(page, "Mine");
    await edit(other, "Theirs");
    await other.getByRole("button", { name: "Save" }).click();
    await other.getByRole("article").filter({ hasText: "Theirs" }).getByText("edited").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/changed meanwhile to “Theirs”/).waitFor();
    expect(await page.getByRole("textbox", { name: "Edit comment" }).inputValue()).toBe("Mine");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("article").filter({ hasText: "Mine" }).getByText("edited").waitFor();
    expect(await comment.count()).toBe(0);
    await other.context().close();
  }, 60_000);

  test("words in the middle of a long list are kept while one scrolls away and back", async () => {
    const other = await uploadAsset(
      projectId,
      await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" }),
      undefined,
      "Long talk.mp4",
    );
    const sql = new SQL(access.databases.postgres);
    await sql`insert into comments (id, project_id, version_id, author_person_id, author_name, frame, text)
      select 'cmt_' || substr(md5(${other.versionId} || n), 1, 26), ${projectId}, ${other.versionId}, p.id, p.name, n, 'Remark ' || n
      from generate_series(1, 140) n, people p where p.email = ${personOf("edo").email}`;
    await sql.end();
    await openReview(page, `/a/${other.assetId}`);
    const remark = (n: number) =>
      page.getByRole("article").filter({ hasText: new RegExp(`Remark ${n}(?!\\d)`) });
    const scroll = (to: number) =>
      page.locator(".comments-list").evaluate((list, top) => list.scrollTo(0, top), to);
    await remark(2)
      .getByRole("button", { name: /^More for this comment/ })
      .click();
    await page.getByRole("menuitem", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Edit comment" }).fill("Remark 2, in other words");
    await remark(3).getByRole("button", { name: "Reply" }).click();
    await page.getByRole("textbox", { name: "Reply" }).fill("On my way");
    await scroll(100_000);
    await remark(140).waitFor();
    await remark(2).waitFor({ state: "detached" });
    await scroll(0);
    const edited = page.getByRole("textbox", { name: "Edit comment" });
    expect(await edited.inputValue()).toBe("Remark 2, in other words");
    expect(await page.getByRole("textbox", { name: "Reply" }).inputValue()).toBe("On my way");
    await page.getByRole("button", { name: "Save" }).click();
    await edited.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Post reply" }).click();
    await remark(2).getByText("Remark 2, in other words").waitFor();
    await remark(3).getByText("On my way").waitFor();
  }, 120_000);

  test("a comment that cannot be read again for a moment stays, and is true soon", async () => {
    await openReview(page, path);
    const comment = await post("Before the hiccup");
    const { items } = await ask<{ items: { id: string; text: string; etag: string }[] }>(
      "GET",
      `/comments?versionId=${versionId}`,
    );
    const { id } = items.find(({ text }) => text === "Before the hiccup") ?? { id: "" };
    let asked = 0;
    await page.route(`**/api/comments/${id}`, async (route) => {
      asked += 1;
      await route.fulfill({ status: 503, json: { title: "away" } });
    });
    await ask("POST", `/comments/${id}/reactions`, { emoji: "👍", on: true });
    await comment.getByRole("button", { name: /👍/ }).waitFor();
    expect(asked).toBeGreaterThan(0);
    await page.unroute(`**/api/comments/${id}`);
  }, 60_000);

  test("what is said while the page reads all comments again is not lost from it", async () => {
    await openReview(page, path);
    const reading = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<void>();
    await page.route("**/api/comments?**", async (route) => {
      const response = await route.fetch();
      reading.resolve();
      await heard.promise;
      await route.fulfill({ response });
    });
    await page.context().setOffline(true);
    await page.getByText("Reconnecting").first().waitFor();
    await page.context().setOffline(false);
    await reading.promise;
    await ask("POST", "/comments", { versionId, frame: 3, text: "Said in between" });
    const comment = page.getByRole("article").filter({ hasText: "Said in between" });
    await comment.waitFor();
    const read = page.waitForResponse("**/api/comments?**");
    heard.resolve();
    await (await read).finished();
    await page.unroute("**/api/comments?**");
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200))));
    expect(await comment.count()).toBe(1);
  }, 60_000);

  test("who looks at a version is told of the next one, and finds it in the lists", async () => {
    const clip = await countedClip({ name: "e2e-25", rate: "25", frames: 150, sound: "with" });
    const { assetId } = await uploadAsset(projectId, clip, undefined, "Cut.mp4");
    await openReview(page, `/a/${assetId}`);
    await page.getByRole("tab", { name: "Versions" }).click();
    const { versionId } = await uploadAsset(projectId, clip, assetId, "Cut 2.mp4");
    await page.getByText("Version 2 is here.").waitFor();
    await page.getByRole("button", { name: "Upload version 3" }).waitFor();
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.waitForURL(`**/a/${assetId}?v=${versionId}`);
  }, 120_000);

  test("the session ends while one writes: the page says so, and signing in comes back to frame and words", async () => {
    // A session of its own, since the others' is used on.
    const own = await pageOf(browser, undefined);
    const enter = async () => {
      await own.getByRole("link", { name: "Sign in" }).click();
      const { email, password } = personOf("edo");
      const asked = own.locator("input[name=password]");
      await asked.or(own.locator("#composer")).first().waitFor();
      if (!(await asked.isVisible())) return;
      await own.locator("input[name=email]").fill(email);
      await asked.fill(password);
      await own.getByRole("button", { name: "Sign in" }).click();
    };
    await own.goto(`${access.urls.site}${path}`);
    await enter();
    await openReview(own, path);
    for (let i = 1; i <= 3; i++) await own.keyboard.press("Shift+ArrowRight");
    await waitForFrame(own, 30);
    await field(own).fill("Half a thought");
    await own.evaluate(
      (api) => fetch(`${api}/session/logout`, { method: "POST", credentials: "include" }),
      access.urls.api,
    );
    await own.getByRole("alert").getByRole("button", { name: "Sign in again" }).click();
    await enter();
    await waitForFrame(own, 30);
    expect(await field(own).inputValue()).toBe("Half a thought");
    expect(faultsOf(own)).toEqual([]);
    await own.context().close();
  }, 60_000);

  test("signing out without a line is said to have failed", async () => {
    const there = await pageOf(browser, "edo");
    await there.goto(`${access.urls.site}/`);
    await there.route("**/api/session/logout", (route) => route.abort());
    await there.getByRole("button", { name: /^Account of/ }).click();
    await there.getByRole("menuitem", { name: "Sign out" }).click();
    await there.getByText("You are still signed in.").waitFor();
    expect(new URL(there.url()).pathname).toBe("/");
    await there.context().close();
  }, 60_000);

  test("who is taken off the project while looking at it is told", async () => {
    await openReview(page, path);
    const { items } = await ask<{ items: { person: { id: string; email: string } }[] }>(
      "GET",
      `/projects/${projectId}/members`,
    );
    const own = items.find(({ person }) => person.email === personOf("edo").email);
    const off = await fetch(`${access.urls.api}/projects/${projectId}/members/${own?.person.id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${access.apiKey}`, "if-match": "*" },
    });
    expect(off.status).toBe(204);
    await page.getByRole("alert").filter({ hasText: "no longer a member of Interrupted" }).waitFor();
    expect(faultsOf(page)).toEqual([]);
  }, 60_000);
});
