import { expect, test } from "bun:test";
import { parseStoryboard } from "./stills.ts";

test("a storyboard's tiles are read with their times", () => {
  const vtt =
    "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nsprite_000.jpg#xywh=0,0,160,90\n\n01:00:05.000 --> 01:00:10.500\nsprite_001.jpg#xywh=160,90,160,90\n";
  expect(parseStoryboard(vtt)).toEqual([
    { from: 0, to: 5, sheet: "sprite_000.jpg", x: 0, y: 0, width: 160, height: 90 },
    { from: 3605, to: 3610.5, sheet: "sprite_001.jpg", x: 160, y: 90, width: 160, height: 90 },
  ]);
});
