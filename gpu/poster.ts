import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GrowingStream } from "./ladder-watch.ts";
import { writePoster } from "./one-shot.ts";
import type { PreviewFolder } from "./publish.ts";
import type { Scratch } from "./scratch.ts";

const POSTER_SIDE = 720;

/** The rung that is large enough for a card, and no larger: choosing among pictures holds them all in memory. */
function rungForPoster(streams: GrowingStream[]): GrowingStream | undefined {
  const pictures = streams.filter((stream) => stream.isPicture);
  const side = ({ track }: GrowingStream) => Math.min(track?.width ?? 0, track?.height ?? 0);
  return pictures.filter((stream) => side(stream) >= POSTER_SIDE).at(-1) ?? pictures[0];
}

/** A poster from the first segment. */
export async function makePoster(
  scratch: Scratch,
  streams: GrowingStream[],
  folder: PreviewFolder,
  signal: AbortSignal,
): Promise<string> {
  const best = rungForPoster(streams);
  const first = best?.segments[0];
  if (!best || !first) throw new Error("there is no picture to take a poster from");
  const input = join(scratch.work, "poster.mp4");
  const output = join(scratch.work, "poster.jpg");
  const parts = [`init_${best.name}.mp4`, first.uri].map((name) => readFile(join(scratch.out, name)));
  await writeFile(input, Buffer.concat(await Promise.all(parts)));
  await writePoster(input, output, signal);
  await folder.put("poster.jpg", await readFile(output));
  return "poster.jpg";
}
