import { expect, test } from "bun:test";
import { edgeSigner, signPlayback } from "./playback.ts";

const signer = edgeSigner({
  PUBLIC_EDGE_BASE: "https://edge.example.test/",
  EDGE_SIGNING_KEY: `k1:${"s".repeat(40)}`,
});
const files = {
  prefix: "assets/ver_1/job_1.2/",
  master: "master.m3u8",
  poster: "poster.jpg",
  storyboard: null,
  peaks: "peaks.json",
  image: null,
  instant: null,
};

test("every file of a preview is under one token of its version", () => {
  const playback = signPlayback(signer, "ver_1", files, 60, 1_800_000_000_000);
  const folder = /^https:\/\/edge\.example\.test\/v\/k1\.\d{10}\.[\w-]{43}\/assets\/ver_1\/job_1\.2\//;
  expect(playback.master).toMatch(folder);
  expect(playback.poster).toBe(playback.master?.replace("master.m3u8", "poster.jpg") ?? "");
  expect(playback.storyboard).toBeNull();
  const life = Date.parse(playback.expiresAt) - 1_800_000_000_000;
  expect(life).toBeGreaterThanOrEqual(3_600_000);
  expect(life).toBeLessThanOrEqual(86_400_000);
});

test("a preview that lies in another version's folder is never signed", () => {
  for (const prefix of ["assets/ver_2/job_1.2/", "assets/ver_10/job_1.1/", "ver_1/job/"])
    expect(() => signPlayback(signer, "ver_1", { ...files, prefix }, 60)).toThrow("outside");
});
