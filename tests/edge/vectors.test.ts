import { expect, setDefaultTimeout, test } from "bun:test";
import vectors from "#core/signing/edge-token.vectors.json";
import { runInNjs } from "./support/njs.ts";

setDefaultTimeout(30_000);

test("the edge's verifier gives every vector its verdict", async () => {
  const source = `
import token from "token.js";
function run(all) {
  return all.cases.map((one) => token.verify([all.keys.current, all.keys.previous], all.now, all.maxTtlSeconds,
    one.kid, one.exp, one.mac, "/assets/" + one.versionId + "/"));
}
export default { run };`;
  const verdicts = await runInNjs(source, vectors);
  expect(verdicts).toEqual(vectors.cases.map((one) => one.verdict));
});

test("without keys nothing is let in", async () => {
  const source = `
import token from "token.js";
function run(all) {
  return all.cases.map((one) => token.verify(["", "k2:short"], all.now, all.maxTtlSeconds, one.kid, one.exp, one.mac,
    "/assets/" + one.versionId + "/"));
}
export default { run };`;
  const verdicts = (await runInNjs(source, vectors)) as string[];
  expect(new Set(verdicts)).toEqual(new Set(["forged"]));
});

test("hydration reads only plain names of the same folder from a playlist", async () => {
  const source = `
import hydration from "hydration.js";
export default { run: hydration.namesIn };`;
  const playlist = [
    "#EXTM3U",
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="a0.m3u8"',
    "#EXT-X-STREAM-INF:BANDWIDTH=1",
    "v0.m3u8",
    '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="v0_iframes.m3u8"',
    '#EXT-X-MAP:URI="init_v0.mp4"',
    "#EXTINF:2,",
    "v0_00000.m4s\r",
    "../b2/secret.txt",
    "http://evil.example/x.m4s",
    "/purge/a1",
    ".hidden",
    "a%2fb.m4s",
    "x.m4s?versionId=1",
  ].join("\n");
  expect(await runInNjs(source, playlist)).toEqual({
    playlists: ["a0.m3u8", "v0.m3u8", "v0_iframes.m3u8"],
    maps: ["init_v0.mp4"],
    segments: ["v0_00000.m4s"],
  });
});
