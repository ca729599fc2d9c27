import { join } from "node:path";
import { chromium } from "playwright-core";
import type { Figure } from "../figure.ts";

const MIB = 192;

/** SHA-256 in a worker of a real browser, by the library and in the chunks that the site uses. */
export async function measureHash(say: (line: string) => void): Promise<Figure> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "hash-worker.ts")],
    target: "browser",
    minify: true,
  });
  const script = (await built.outputs[0]?.text()) ?? "";
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) =>
      new URL(request.url).pathname === "/worker.js"
        ? new Response(script, { headers: { "content-type": "text/javascript" } })
        : new Response("<!doctype html><title>hash</title>", { headers: { "content-type": "text/html" } }),
  });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    const rates: number[] = [];
    for (let round = 0; round < 3; round++)
      rates.push(
        await page.evaluate(
          (mib) =>
            new Promise<number>((resolve, reject) => {
              const worker = new Worker("/worker.js", { type: "module" });
              worker.onmessage = ({ data }) => resolve(Number(data));
              worker.onerror = (event) => reject(new Error(event.message));
              worker.postMessage(mib);
            }),
          MIB,
        ),
      );
    say(`browser hash: ${rates.map((rate) => rate.toFixed(0)).join(", ")} MB/s`);
    return { id: "hash.mb_s", value: Math.max(...rates), unit: "MB/s", target: 300, better: "higher" };
  } finally {
    await browser.close();
    await server.stop(true);
  }
}
