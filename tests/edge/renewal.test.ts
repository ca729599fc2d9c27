import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signEdgeToken } from "#core/signing/edge-token.ts";
import { ffmpeg } from "#tests/fixtures/generate.ts";
import { openChromium } from "#tests/support/chromium.ts";
import { eventually } from "#tests/support/eventually.ts";
import { currentKey, type Edge, startEdge } from "./support/edge.ts";
import { finished, ownVersion, putPreview } from "./support/previews.ts";

setDefaultTimeout(90_000);

const lengthSeconds = 200;
/** Far shorter than in production, so that one viewing outlives several. */
const tokenSeconds = 7;
const version = ownVersion();
let edge: Edge;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "rushes-long-"));
  await ffmpeg(
    [
      ...`-f lavfi -i testsrc=size=160x90:rate=12:duration=${lengthSeconds}`.split(" "),
      ..."-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 24 -sc_threshold 0".split(" "),
      ..."-f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type fmp4".split(" "),
      ..."-hls_segment_options movflags=+cmaf -hls_fmp4_init_filename init_v0.mp4".split(" "),
      ..."-hls_segment_filename v0_%05d.m4s v0.m3u8".split(" "),
    ],
    folder,
  );
  const names = readdirSync(folder);
  await Promise.all(
    names.map(async (name) =>
      putPreview(version, `j.1/${name}`, new Uint8Array(await Bun.file(join(folder, name)).arrayBuffer()), {
        type: name.endsWith(".m3u8") ? "application/vnd.apple.mpegurl" : "video/mp4",
        cacheControl: finished,
      }),
    ),
  );
  const master = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=160x90\nv0.m3u8\n";
  await putPreview(version, "j.1/master.m3u8", master, { type: "application/vnd.apple.mpegurl" });
  rmSync(folder, { recursive: true });
  edge = await startEdge();
});
afterAll(() => edge.end());

/** The player of the site as the browser gets it. */
async function playerScript(): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "support/page/player.ts")],
    target: "browser",
    plugins: [
      {
        name: "hls",
        setup: (build) => {
          build.onResolve({ filter: /^hls\.js\/source$/ }, () => ({
            path: Bun.resolveSync("hls.js", import.meta.dir),
          }));
        },
      },
    ],
  });
  return (await built.outputs[0]?.text()) ?? "";
}

test("a viewing that outlives its tokens goes on to the end without one refusal", async () => {
  const script = await playerScript();
  const site = Bun.serve({
    port: 0,
    hostname: "localhost",
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/player.js")
        return new Response(script, { headers: { "content-type": "text/javascript" } });
      if (pathname !== "/playback")
        return new Response(
          '<!doctype html><video autoplay muted></video><script src="/player.js" type="module"></script>',
          {
            headers: { "content-type": "text/html" },
          },
        );
      const exp = Math.floor(Date.now() / 1000) + tokenSeconds;
      const master = `${edge.base}${signEdgeToken(currentKey, version, exp)}j.1/master.m3u8`;
      return Response.json({ master, expiresAt: new Date(exp * 1000).toISOString() });
    },
  });
  const browser = await openChromium();
  try {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on("pageerror", (error) => said.push(error.message));
    const asked: { token: string; status: number }[] = [];
    page.on("response", (answer) => {
      const token = /\/v\/([^/]+)\//.exec(answer.url())?.[1];
      if (token) asked.push({ token, status: answer.status() });
    });
    await page.goto(`http://localhost:${site.port}/`);
    await eventually(
      async () => {
        const [ended, at] = await page.evaluate(() => {
          const video = document.querySelector("video");
          return [video?.ended, video?.currentTime] as const;
        });
        if (!ended) throw new Error(`at ${at} s of ${lengthSeconds} ${said.join("; ")}`);
      },
      { withinMs: 70_000, everyMs: 250 },
    );
    expect(asked.filter((one) => one.status !== 200)).toEqual([]);
    expect(new Set(asked.map((one) => one.token)).size).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeGreaterThanOrEqual(60);
  } finally {
    await browser.close();
    await site.stop(true);
  }
});
