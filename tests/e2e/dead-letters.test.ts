import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { openRedis } from "#core/db/redis.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { faultsOf, pageOf } from "./support/browser.ts";
import { access } from "./support/product.ts";

const redis = openRedis(access.databases.redis, { commandMs: 10_000, silenceMs: 12_000 });
const id = `ver_${crypto.randomUUID()}`;
let browser: Browser;

beforeAll(async () => {
  browser = await openChromium();
});
afterAll(async () => {
  await browser?.close();
  redis.disconnect();
});

test.skipIf(process.env.QUEUE === "sqs")(
  "what was given up says why and can be sent again, however long the reason is",
  async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const hint = { v: 1, id, traceparent: `00-${trace}-b7ad6b7169203331-01` };
    const address = `http://127.0.0.1/${"x".repeat(600)}`;
    await redis.xadd(
      "{masters:copy}:dead",
      "*",
      ...[
        "k",
        id,
        "b",
        JSON.stringify(hint),
        "a",
        "5",
        "e",
        "1",
        "r",
        `<b>No</b> ${address}`,
        "t",
        `${Date.now()}`,
      ],
    );
    for (const viewport of [
      { width: 1280, height: 800 },
      { width: 390, height: 844 },
    ]) {
      const page = await pageOf(browser, "mara", { viewport });
      await page.goto(`${access.urls.site}/admin/queues`);
      const row = page.getByRole("row").filter({ hasText: id });
      await row.getByText("<b>No</b>").waitFor();
      await row.getByText(trace).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
      const again = await row.getByRole("button", { name: "Send again" }).boundingBox();
      expect((again?.x ?? 0) + (again?.width ?? 0)).toBeLessThanOrEqual(viewport.width);
      if (viewport.width === 390) {
        await row.getByRole("button", { name: "Send again" }).click();
        await row.waitFor({ state: "detached" });
      }
      expect(faultsOf(page)).toEqual([]);
      await page.context().close();
    }
  },
  60_000,
);

test("queues that cannot be read are said to be that, once, and never to be empty", async () => {
  const page = await pageOf(browser, "mara");
  await page.route("**/api/admin/queues**", (route) =>
    route.fulfill({ status: 503, json: { title: "away" } }),
  );
  const looked = () => page.waitForResponse("**/api/admin/queues/dead**");
  const first = looked();
  await page.goto(`${access.urls.site}/admin/queues`);
  await first;
  await looked();
  const said = page.getByText("The queues could not be read");
  await said.waitFor();
  expect(await said.count()).toBe(1);
  expect(await page.getByText("Nothing was given up").count()).toBe(0);
  await page.unroute("**/api/admin/queues**");
  await page.getByRole("row").filter({ hasText: "Previews to build" }).waitFor();
  await page.context().close();
}, 60_000);
