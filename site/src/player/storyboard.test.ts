import { expect, test } from "bun:test";
import { readStoryboard, storyboardOf, tileAt } from "./storyboard.ts";

const text = `WEBVTT

00:00:00.000 --> 00:00:02.000
sprite_000.jpg#xywh=0,0,160,90

00:00:02.000 --> 00:00:04.000
sprite_000.jpg#xywh=160,0,160,90
`;

test("tiles carry absolute addresses and their place in the sprite", () => {
  const tiles = readStoryboard(text, "http://edge/v/t/assets/x/storyboard.vtt");
  expect(tiles).toHaveLength(2);
  expect(tiles[1]).toEqual({
    start: 2,
    end: 4,
    url: "http://edge/v/t/assets/x/sprite_000.jpg",
    x: 160,
    y: 0,
    width: 160,
    height: 90,
  });
});

test("the tile of a time is the one that has started last", () => {
  const tiles = readStoryboard(text, "http://edge/");
  expect(tileAt(tiles, 0)?.x).toBe(0);
  expect(tileAt(tiles, 1.99)?.x).toBe(0);
  expect(tileAt(tiles, 2)?.x).toBe(160);
  expect(tileAt(tiles, 99)?.x).toBe(160);
  expect(tileAt([], 1)).toBeUndefined();
});

test("a storyboard that did not come is asked for again, one that came is not", async () => {
  const answers = [503, 200];
  const server = Bun.serve({
    port: 0,
    fetch: () => {
      const status = answers.shift() ?? 500;
      return new Response("WEBVTT\n\n00:00.000 --> 00:05.000\nsprite.jpg#xywh=0,0,160,90\n", { status });
    },
  });
  const url = `${server.url}v/token/storyboard.vtt`;
  expect(await storyboardOf(url)).toEqual([]);
  expect(await storyboardOf(url)).toMatchObject([{ end: 5 }]);
  expect(await storyboardOf(url.replace("token", "newer"))).toMatchObject([{ end: 5 }]);
  await server.stop(true);
});
