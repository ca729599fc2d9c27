import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { signEdgeToken } from "#core/signing/edge-token.ts";
import { eventually } from "#tests/support/eventually.ts";
import { control, currentKey, type Edge, previousKey, soon, startEdge } from "./support/edge.ts";
import { type Origin, startOrigin } from "./support/origin.ts";
import { growing, ownVersion, patterned, putPreview } from "./support/previews.ts";
import { rawRequest } from "./support/raw.ts";

setDefaultTimeout(30_000);

const playlistType = { type: "application/vnd.apple.mpegurl" };
const version = ownVersion();
const film = patterned(3_300_000);
let origin: Origin;
let edge: Edge;

beforeAll(async () => {
  origin = await startOrigin();
  edge = await startEdge({
    WASABI_ENDPOINT: origin.endpoint,
    EDGE_ALLOWED_ORIGINS: "https://review.example,http://localhost:3001",
  });
  await Promise.all([
    putPreview(version, "j.1/master.m3u8", `#EXTM3U\n${"#EXT-X-SOMETHING:1\n".repeat(40)}`, playlistType),
    putPreview(version, "j.1/seg.m4s", patterned(40_000), { type: "video/iso.segment" }),
    putPreview(version, "film.mp4", film, { type: "video/mp4" }),
    putPreview(version, "small.mp4", film.subarray(0, 1000), { type: "video/mp4" }),
  ]);
});
afterAll(async () => {
  await edge.end();
  await origin.close();
});

const fetchesOf = (name: string) => origin.fetches.filter((one) => one.target.endsWith(name));
const get = (rest: string, headers: Record<string, string> = {}) =>
  fetch(edge.url(version, rest), { headers });

describe("the cache", () => {
  test("answers the second read by itself, byte for byte, whoever's token asks", async () => {
    const first = await get("j.1/seg.m4s");
    expect(first.headers.get("x-cache")).toBe("MISS");
    expect(new Uint8Array(await first.arrayBuffer())).toEqual(patterned(40_000));
    const other = `${edge.base}${signEdgeToken(previousKey, version, soon(7200))}j.1/seg.m4s`;
    const second = await fetch(other);
    expect(second.headers.get("x-cache")).toBe("HIT");
    expect(new Uint8Array(await second.arrayBuffer())).toEqual(patterned(40_000));
    expect(second.headers.get("content-type")).toBe("video/iso.segment");
    expect(fetchesOf("seg.m4s")).toHaveLength(1);
  });

  test("lets browsers keep what is finished and nothing that is refused", async () => {
    expect((await get("j.1/seg.m4s")).headers.get("cache-control")).toBe("private, max-age=86400, immutable");
    for (const rest of ["none.m4s", "none.mp4"]) {
      const missing = await get(rest);
      expect(missing.status).toBe(404);
      expect(missing.headers.get("cache-control")).toBe("no-store");
    }
    const forged = await fetch(edge.url(version, "x.m4s").replace(version, `${version}x`));
    expect(forged.status).toBe(403);
    expect(forged.headers.get("cache-control")).toBe("no-store");
  });

  test("follows a playlist that grows within two seconds, and says so to browsers", async () => {
    const put = (segments: number) =>
      putPreview(version, "j.1/v0.m3u8", `#EXTM3U\n#${segments}\n`, {
        ...playlistType,
        cacheControl: growing,
      });
    await put(1);
    const first = await get("j.1/v0.m3u8");
    expect(await first.text()).toContain("#1");
    expect(first.headers.get("cache-control")).toBe("private, max-age=1");
    await put(2);
    const before = performance.now();
    await eventually(async () => expect(await (await get("j.1/v0.m3u8")).text()).toContain("#2"));
    expect(performance.now() - before).toBeLessThan(2_200);
    await putPreview(version, "j.1/v0.m3u8", "#EXTM3U\n#EXT-X-ENDLIST\n", playlistType);
    await eventually(async () => expect(await (await get("j.1/v0.m3u8")).text()).toContain("ENDLIST"));
    expect((await get("j.1/v0.m3u8")).headers.get("cache-control")).toContain("immutable");
  });

  test("takes a playlist that says nothing for one that grows, and keeps nothing that says no-store", async () => {
    await putPreview(version, "mute.m3u8", "#EXTM3U\n", { ...playlistType, cacheControl: null });
    await putPreview(version, "never.vtt", "WEBVTT\n", { type: "text/vtt", cacheControl: "no-store" });
    await putPreview(version, "mute.jpg", "jpeg", { type: "image/jpeg", cacheControl: null });
    await get("mute.m3u8");
    await pause(2_100);
    expect((await get("mute.m3u8")).headers.get("x-cache")).toBe("EXPIRED");
    await get("never.vtt");
    expect((await get("never.vtt")).headers.get("x-cache")).toBe("MISS");
    await get("mute.jpg");
    expect((await get("mute.jpg")).headers.get("x-cache")).toBe("HIT");
  });

  test("a body sent along with a GET stays at the edge and delays nothing", async () => {
    await putPreview(version, "body.m4s", "x");
    const target = edge.url(version, "body.m4s").slice(edge.base.length);
    const answer = await rawRequest(edge.port, "GET", target, [["Content-Length", "5"]], { body: "hello" });
    expect([answer.status, answer.body.toString()]).toEqual([200, "x"]);
    expect(fetchesOf("body.m4s")[0]?.headers["content-length"]).toBeUndefined();
  });

  test("asks for a missing object once per two seconds, and finds it once it is there", async () => {
    for (let at = 0; at < 5; at++) expect((await get("late.m4s")).status).toBe(404);
    expect(fetchesOf("late.m4s").length).toBeLessThanOrEqual(2);
    await putPreview(version, "late.m4s", "now");
    await Bun.sleep(3_000);
    expect((await get("late.m4s")).status).toBe(200);
  });

  test("what was missing when it was to be warmed is found by the first who asks for it later", async () => {
    await control(edge, "POST", `/hydrate/${version}`, { folder: "j.2", names: ["poster.jpg"] });
    expect((await get("j.2/poster.jpg")).status).toBe(404);
    await putPreview(version, "j.2/poster.jpg", "now");
    await Bun.sleep(3_000);
    expect((await get("j.2/poster.jpg")).status).toBe(200);
  });
});

describe("ranges", () => {
  test("a cold range in a long file fetches its slice only", async () => {
    const answer = await get("film.mp4", { range: "bytes=2200000-2200099" });
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-range")).toBe("bytes 2200000-2200099/3300000");
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(film.slice(2_200_000, 2_200_100));
    expect(fetchesOf("film.mp4").map((one) => one.headers.range)).toEqual(["bytes=2097152-3145727"]);
  });

  test("ranges across slices, from the end, and the whole file are exact", async () => {
    for (const [range, from, to] of [
      ["bytes=1048000-2100000", 1_048_000, 2_100_001],
      ["bytes=-100", 3_299_900, 3_300_000],
      ["bytes=3299999-", 3_299_999, 3_300_000],
    ] as const) {
      const answer = await get("film.mp4", { range });
      expect(answer.status).toBe(206);
      expect(new Uint8Array(await answer.arrayBuffer())).toEqual(film.slice(from, to));
    }
    const whole = await get("film.mp4");
    expect(whole.status).toBe(200);
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(film);
    expect(fetchesOf("film.mp4")).toHaveLength(4);
    expect((await get("small.mp4")).headers.get("content-length")).toBe("1000");
  });

  test("a range past the end is refused once, with one set of headers", async () => {
    await get("j.1/seg.m4s");
    for (const rest of ["j.1/seg.m4s", "film.mp4"]) {
      const target = edge.url(version, rest).slice(edge.base.length);
      const refused = await rawRequest(edge.port, "GET", target, [
        ["Range", "bytes=99000000-"],
        ["Origin", "https://review.example"],
      ]);
      expect(refused.status).toBe(416);
      expect(refused.headers.get("access-control-allow-origin")).toEqual(["https://review.example"]);
      expect(refused.headers.get("cache-control")).toEqual(["no-store"]);
    }
  });

  test("two hundred viewers of a cold object cost one fetch", async () => {
    await putPreview(version, "crowd.m4s", patterned(100_000));
    origin.fault = (target) => (target.endsWith("crowd.m4s") ? { kind: "slow", ms: 700 } : { kind: "none" });
    const answers = await Promise.all(Array.from({ length: 200 }, () => get("crowd.m4s")));
    const bytes = await Promise.all(answers.map(async (one) => (await one.arrayBuffer()).byteLength));
    origin.fault = () => ({ kind: "none" });
    expect(new Set(bytes)).toEqual(new Set([100_000]));
    expect(fetchesOf("crowd.m4s")).toHaveLength(1);
  });
});

describe("what a browser needs", () => {
  test("an allowed origin is named, another is not, and both vary", async () => {
    const allowed = await get("j.1/master.m3u8", { origin: "http://localhost:3001" });
    expect(allowed.headers.get("access-control-allow-origin")).toBe("http://localhost:3001");
    expect(allowed.headers.get("access-control-expose-headers")).toBe("Content-Length, Content-Range, ETag");
    expect(allowed.headers.get("vary")).toContain("Origin");
    const stranger = await get("j.1/master.m3u8", { origin: "https://evil.example" });
    expect(stranger.headers.get("access-control-allow-origin")).toBeNull();
    const refused = await fetch(edge.url(version, "x").replace(version, `${version}x`), {
      headers: { origin: "http://localhost:3001" },
    });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([
      403,
      "http://localhost:3001",
    ]);
  });

  test("a preflight is answered without the storage", async () => {
    const before = origin.fetches.length;
    const answer = await fetch(edge.url(version, "j.1/other.m4s"), {
      method: "OPTIONS",
      headers: { origin: "https://review.example", "access-control-request-headers": "range" },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-headers")).toContain("Range");
    expect(origin.fetches).toHaveLength(before);
  });

  test("playlists are compressed, segments are not", async () => {
    const target = (rest: string) => edge.url(version, rest).slice(edge.base.length);
    const gzip: [string, string][] = [["Accept-Encoding", "gzip"]];
    const playlist = await rawRequest(edge.port, "GET", target("j.1/master.m3u8"), gzip);
    expect(playlist.headers.get("content-encoding")).toEqual(["gzip"]);
    const segment = await rawRequest(edge.port, "GET", target("j.1/seg.m4s"), gzip);
    expect(segment.headers.has("content-encoding")).toBe(false);
  });

  test("a revisit with the entity tag costs no body", async () => {
    const etag = (await get("j.1/seg.m4s")).headers.get("etag") ?? "";
    const again = await get("j.1/seg.m4s", { "if-none-match": etag });
    expect(again.status).toBe(304);
    expect(again.headers.get("cache-control")).toContain("immutable");
  });
});

describe("what operators see", () => {
  test("no signature and no key in any log, whatever is asked", async () => {
    const url = edge.url(version, "j.1/master.m3u8");
    const target = url.slice(edge.base.length);
    await rawRequest(edge.port, "GET", `${target}?a=b`);
    await rawRequest(edge.port, "GET", `/x${target}`, [["Referer", url]]);
    await rawRequest(edge.port, "GET", target.replace("/assets/", "/%61ssets/"));
    const mac = target.split(".")[2]?.slice(0, 43) ?? "";
    await eventually(() => {
      const lines = edge.log().trim().split("\n");
      expect(lines.some((line) => line.includes('"gate":"seen"'))).toBe(true);
      expect(lines.some((line) => line.includes('"status":400'))).toBe(true);
    });
    for (const text of [edge.log(), edge.faults()]) {
      expect(text).not.toContain(mac);
      expect(text).not.toContain(currentKey.secret);
    }
    for (const line of edge.log().trim().split("\n"))
      expect(Object.keys(JSON.parse(line))).toContain("status");
  });

  test("metrics count answers, cache, gate and fetches", async () => {
    await eventually(async () => {
      const text = await (await fetch(`${edge.control}/metrics`)).text();
      expect(text).toMatch(/rushes_edge_requests_total\{tier="slice",status="206"\} \d/);
      expect(text).toMatch(/rushes_edge_cache_total\{tier="object",result="hit"\} \d/);
      expect(text).toMatch(/rushes_edge_gate_total\{verdict="forged"\} \d/);
      expect(text).toMatch(/rushes_edge_storage_requests_total\{status="404"\} \d/);
      expect(text).toMatch(/rushes_edge_request_seconds_count \d/);
      expect(text).toMatch(/rushes_edge_volume_free_bytes [1-9]/);
      expect(text).toMatch(/rushes_edge_connections [1-9]/);
    });
  });

  test("readiness names what is missing", async () => {
    const ready = await fetch(`${edge.control}/readyz`);
    expect(await ready.json()).toEqual({ ready: true, checks: { state: "ok", purges: "ok", storage: "ok" } });
    origin.fault = () => ({ kind: "status", status: 403 });
    const refused = await fetch(`${edge.control}/readyz`);
    origin.fault = () => ({ kind: "none" });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      checks: { storage: "does not answer or refuses our keys" },
    });
  });
});
