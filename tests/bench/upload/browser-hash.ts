import { statSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { abortMultipart, startMultipart } from "#core/storage/multipart.ts";
import { signUrl } from "#core/storage/sign.ts";
import type { Figure } from "../figure.ts";
import type { Asked } from "./browser-page.ts";
import { MIB, median, speedLeft } from "./measure.ts";

const ROUNDS = 3;
const PART_BYTES = 16 * MIB;

declare const asked: Asked;

/**
 * The hash in a real browser by the site's own worker, and what it costs: the same file sent to the storage as the
 * upload page sends it, with the hash and without, taking turns.
 */
export async function measureHash(
  deps: Resources,
  path: string,
  say: (line: string) => void,
): Promise<Figure[]> {
  const server = await servePage(deps.config.PUBLIC_SITE_BASE);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
  });
  const megabytes = statSync(path).size / 1e6;
  const times = { hash: [] as number[], plain: [] as number[], hashed: [] as number[] };
  try {
    const page = await browser.newPage();
    await page.goto(deps.config.PUBLIC_SITE_BASE);
    await page.setInputFiles("input", path);
    for (let round = 0; round < ROUNDS; round++) {
      times.hash.push(await page.evaluate(() => asked.hash()));
      for (const [isHashed, kept] of [
        [false, times.plain],
        [true, times.hashed],
      ] as const)
        kept.push(
          await withParts(deps, statSync(path).size, (urls) =>
            page.evaluate((how) => asked.send(how), { urls, isHashed }),
          ),
        );
      const last = (all: number[]) => all.at(-1)?.toFixed(2);
      say(
        `browser, ${megabytes.toFixed(0)} MB: hash alone ${last(times.hash)} s, upload ${last(times.plain)} s, with the hash ${last(times.hashed)} s`,
      );
    }
  } finally {
    await browser.close();
    await server.stop(true);
  }
  return [
    {
      id: "hash.mb_s",
      value: megabytes / median(times.hash),
      unit: "MB/s",
      target: 300,
      better: "higher",
    },
    // Browser, hash and storage share the processors here: what is lost is the hash's share of them, not of a line.
    speedLeft("hash.upload_ratio", times.plain, times.hashed, 0.75),
  ];
}

/** At the site's address, the only one that the storage lets a page send from. */
async function servePage(site: string) {
  const build = async (entry: string) => {
    const built = await Bun.build({ entrypoints: [entry], target: "browser", minify: true });
    return (await built.outputs[0]?.text()) ?? "";
  };
  const scripts = new Map([
    ["/page.js", await build(join(import.meta.dir, "browser-page.ts"))],
    // The page asks for its worker by this name, beside itself.
    ["/hash.worker.ts", await build(join(import.meta.dir, "../../../site/src/upload/hash.worker.ts"))],
  ]);
  const html =
    '<!doctype html><title>upload</title><input type="file"><script type="module" src="/page.js"></script>';
  const { hostname, port } = new URL(site);
  return Bun.serve({
    hostname,
    port,
    fetch: (request) => {
      const script = scripts.get(new URL(request.url).pathname);
      const type = script === undefined ? "text/html" : "text/javascript";
      return new Response(script ?? html, { headers: { "content-type": type } });
    },
  });
}

/** Signed addresses for the parts of an upload that is thrown away afterwards. */
async function withParts(
  { presigner }: Resources,
  bytes: number,
  work: (urls: string[]) => Promise<number>,
): Promise<number> {
  const place = { bucket: presigner.buckets.staging, key: `uploads/${newId("upload")}` };
  const uploadId = await startMultipart(presigner, place);
  try {
    const urls = Array.from({ length: Math.ceil(bytes / PART_BYTES) }, (_, i) =>
      signUrl(presigner, { method: "PUT", ...place, query: { partNumber: String(i + 1), uploadId } }, 3600),
    );
    return await work(await Promise.all(urls));
  } finally {
    await abortMultipart(presigner, place, uploadId);
  }
}
