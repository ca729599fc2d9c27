import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { BITS, countedClip, SQUARE } from "#tests/fixtures/counted.ts";
import { openChromium } from "#tests/support/chromium.ts";
import type { BenchGroup, Figure } from "./figure.ts";
import { addCrowd } from "./site/crowd.ts";
import { dragRate, landings } from "./site/in-page.ts";

const frames = 400;
const crowd = 5000;
const pageLoads = 10_000;

const at = (list: number[], share: number): number =>
  list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))] ?? Number.NaN;

/** What the pages weigh, how fast they answer, and how the player feels, in Chromium on the built site. */
export const group: BenchGroup = {
  needs: "product",
  async measure(say) {
    // These read RUSHES_ACCESS when they load, which the harness has set by now.
    const { freshProject, uploadAsset } = await import("#tests/e2e/support/product.ts");
    const { openReview, pageOf, readFrames } = await import("#tests/e2e/support/browser.ts");
    const access = JSON.parse(readFileSync(process.env.RUSHES_ACCESS ?? "", "utf8")) as {
      urls: { site: string };
      databases: { postgres: string };
      logs: string;
    };
    const { site } = access.urls;
    const figures: Figure[] = [];
    const add = (
      id: string,
      value: number,
      unit: string,
      target: number,
      better: Figure["better"] = "lower",
    ) => {
      say(`${id}: ${value.toFixed(1)} ${unit}`);
      figures.push({ id, value, unit, target, better });
    };
    const browser = await openChromium();
    try {
      const people = ["edo", "milo", "rita", "vic"];
      const projectId = await freshProject("Bench of the site", {
        edo: "editor",
        milo: "manager",
        rita: "reviewer",
        vic: "viewer",
      });
      const clip = await countedClip({ name: "bench-25", rate: "25", frames, sound: "with" });
      const { assetId, versionId } = await uploadAsset(projectId, clip);
      const page = await pageOf(browser, "edo");

      const weigh = weighScripts(page);
      await openReview(page, `/a/${assetId}`);
      await page.waitForTimeout(1000);
      add("site.review_js_kb", weigh(), "KB", 220);
      const others = [];
      for (const path of ["/", `/p/${projectId}`, "/settings"]) {
        const fresh = await pageOf(browser, "edo");
        const weighOther = weighScripts(fresh);
        await fresh.goto(site + path);
        await fresh.waitForTimeout(1500);
        others.push(weighOther());
        await fresh.context().close();
      }
      add("site.other_js_kb", Math.max(...others), "KB", 60);

      const cookies: string[] = [];
      for (const person of people) {
        const context = (await pageOf(browser, person)).context();
        cookies.push((await context.cookies(site)).map(({ name, value }) => `${name}=${value}`).join("; "));
        await context.close();
      }
      let turn = 0;
      // People take turns, so that nobody asks more often than one person may.
      const load = async (path: string, signedIn = true, expected = [200]) => {
        const cookie = cookies[turn++ % cookies.length] ?? "";
        const before = performance.now();
        const response = await fetch(site + path, {
          headers: signedIn ? { cookie } : {},
          redirect: "manual",
        });
        const took = performance.now() - before;
        await response.arrayBuffer();
        if (!expected.includes(response.status)) throw new Error(`${path} answered ${response.status}`);
        return took;
      };
      const paths = ["/", `/p/${projectId}`, `/a/${assetId}`];
      for (let i = 0; i < 4; i++) for (const path of paths) await load(path);
      const waits: number[] = [];
      for (let i = 0; i < 40; i++) for (const path of paths) waits.push(await load(path));
      add("site.ttfb_p95_ms", at(waits, 0.95), "ms", 50);

      const steps = Array.from({ length: 100 }, (_, i) => ({ frame: i + 1, key: "ArrowRight" }));
      add("player.step_ms", at(await page.evaluate(landings, steps), 0.5), "ms", 50);
      const seeks = Array.from({ length: 60 }, (_, i) => ({ frame: (i * 157) % frames, key: null }));
      add("player.seek_ms", at(await page.evaluate(landings, seeks), 0.5), "ms", 100);

      // One rate here; all of them, with first and last frames, are in the frame proof of the tests.
      let misses = 0;
      const shown = () => readFrames(page, BITS, SQUARE, BITS * SQUARE);
      for (let i = 0; i < 400; i++) {
        const before = (await shown()).named;
        const isStep = i % 2 === 1 && before < frames - 1;
        const target = isStep
          ? { frame: before + 1, key: "ArrowRight" }
          : { frame: Math.floor(Math.random() * frames), key: null };
        await page.evaluate(landings, [target]);
        const { named, seen } = await shown();
        if (named !== target.frame || seen !== target.frame) misses += 1;
      }
      add("player.frame_misses", misses, "of 400", 0);

      await addCrowd(access.databases.postgres, versionId, frames, crowd);
      await openReview(page, `/a/${assetId}`);
      await page.getByText("5,000", { exact: true }).waitFor({ timeout: 60_000 });
      add("timeline.fps", Math.min(60, Math.round(await page.evaluate(dragRate, 3000))), "fps", 60, "higher");
      await page.context().close();

      const grown = await growth(
        access.logs,
        // A quick machine asks faster than the people it speaks for may; that page is made, too.
        (n) => (n % 20 === 0 ? load(paths[1] ?? "/", true, [200, 429]) : load("/signin", false)),
        say,
      );
      if (grown !== undefined) add("site.rss_growth_mb", grown, "MB", 32);
    } finally {
      await browser.close();
    }
    return figures;
  },
};

/** Bytes of scripts as they travel compressed, each file once. */
function weighScripts(page: Page): () => number {
  const files = new Map<string, number>();
  page.on("response", async (response) => {
    if (!/javascript/.test(response.headers()["content-type"] ?? "")) return;
    const body = await response.body().catch(() => undefined);
    if (body) files.set(response.url(), Bun.gzipSync(new Uint8Array(body), { level: 9 }).length);
  });
  return () => [...files.values()].reduce((sum, bytes) => sum + bytes, 0) / 1000;
}

/** How much memory the site's process has gained between the first thousand of many page loads and the last, at rest. */
async function growth(
  logs: string,
  load: (n: number) => Promise<unknown>,
  say: (line: string) => void,
): Promise<number | undefined> {
  const pid = Number.parseInt(
    await Bun.file(`${logs}/../run/site.pid`)
      .text()
      .catch(() => "0"),
    10,
  );
  const rss = async () =>
    Number(/VmRSS:\s+(\d+) kB/.exec(await Bun.file(`/proc/${pid}/status`).text())?.[1] ?? Number.NaN) / 1000;
  if (!pid || !(await Bun.file(`/proc/${pid}/status`).exists())) {
    say("the site runs elsewhere: its memory cannot be read");
    return undefined;
  }
  const loads = async (count: number) => {
    const line = async () => {
      for (let i = 0; i < count / 8; i++) await load(i);
    };
    await Promise.all(Array.from({ length: 8 }, line));
  };
  const settled = async () => {
    // The collector gives memory back when there is nothing else to do.
    await Bun.sleep(8000);
    const now = await rss();
    say(`at rest: ${now.toFixed(0)} MB`);
    return now;
  };
  let first: number | undefined;
  for (let done = 1000; done <= pageLoads; done += 1000) {
    await loads(1000);
    say(`${done} page loads: ${(await rss()).toFixed(0)} MB`);
    first ??= await settled();
  }
  // The collector comes when it likes. What has grown is what it does not give back however often it may come.
  let least = await settled();
  for (let again = 0; again < 2; again++) {
    await loads(1000);
    least = Math.min(least, await settled());
  }
  return Math.max(0, least - (first ?? Number.NaN));
}
