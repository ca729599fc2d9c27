import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GrowingStream } from "./ladder-watch.ts";
import { writePoster } from "./one-shot.ts";
import type { PreviewFolder } from "./publish.ts";
import type { Scratch } from "./scratch.ts";

/** A poster from the first segment of the best rung. A missing poster is no reason to fail a preview. */
export async function makePoster(
  scratch: Scratch,
  streams: GrowingStream[],
  folder: PreviewFolder,
  signal: AbortSignal,
): Promise<string | null> {
  const best = streams.find((stream) => stream.isPicture);
  const first = best?.segments[0];
  if (!best || !first) return null;
  const input = join(scratch.work, "poster.mp4");
  const output = join(scratch.work, "poster.jpg");
  try {
    const parts = [`init_${best.name}.mp4`, first.uri].map((name) => readFile(join(scratch.out, name)));
    await writeFile(input, Buffer.concat(await Promise.all(parts)));
    await writePoster(input, output, signal);
    await folder.put("poster.jpg", await readFile(output));
    return "poster.jpg";
  } catch {
    return null;
  }
}
