import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fragment, readFragments, readInit, type Track } from "./boxes.ts";
import type { Segment } from "./playlist.ts";

/** One stream of the ladder as it grows on disk. */
export class GrowingStream {
  readonly name: string;
  readonly isPicture: boolean;
  track: Track | undefined;
  readonly segments: Segment[] = [];
  /** Presentation times of every frame in ticks, in decoding order. */
  readonly times: number[] = [];
  /** Decode time of each segment's first sample, in ticks. */
  readonly starts: number[] = [];
  readonly #folder: string;
  #listed = 0;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.name = name;
    this.isPicture = name.startsWith("v") || name.startsWith("r");
  }

  get seconds(): number {
    return this.segments.reduce((sum, segment) => sum + segment.seconds, 0);
  }

  /** File names that ffmpeg's playlist lists and nobody took yet. It lists a file only when it is whole. */
  async fresh(): Promise<string[]> {
    const text = await readFile(join(this.#folder, `${this.name}.m3u8`), "utf8").catch(() => "");
    const names = text.split("\n").filter((line) => line.endsWith(".m4s"));
    return names.slice(this.#listed);
  }

  async readInit(): Promise<Uint8Array> {
    const bytes = await readFile(join(this.#folder, `init_${this.name}.mp4`));
    this.track = readInit(bytes);
    return bytes;
  }

  /** Reads a finished segment and measures it. The name is a plain file name of our own pattern. */
  async take(name: string): Promise<{ bytes: Uint8Array; segment: Segment }> {
    if (!/^[avr]\d+_\d{5,}\.m4s$/.test(name)) throw new RangeError("a segment with a foreign name");
    const track = this.track;
    if (!track) throw new Error("a segment before its init");
    const bytes = await readFile(join(this.#folder, name));
    this.#listed += 1;
    const fragments = readFragments(bytes, track);
    const segment = measured(name, bytes.byteLength, fragments, track);
    for (const fragment of fragments) {
      let at = fragment.decodeTime;
      for (const sample of fragment.samples) {
        if (this.isPicture) this.times.push(at + sample.offset);
        at += sample.duration;
      }
    }
    this.starts.push(fragments[0]?.decodeTime ?? 0);
    return { bytes, segment };
  }
}

function measured(uri: string, bytes: number, fragments: Fragment[], track: Track): Segment {
  const lengths = fragments.map((fragment) =>
    fragment.samples.reduce((sum, sample) => sum + sample.duration, 0),
  );
  const keyFrames = fragments.flatMap((fragment, order) =>
    fragment.samples[0]?.isSync
      ? [
          {
            at: fragment.at,
            length: fragment.firstSampleEnd - fragment.at,
            seconds: (lengths[order] ?? 0) / track.timescale,
          },
        ]
      : [],
  );
  return {
    uri,
    bytes,
    seconds: lengths.reduce((sum, length) => sum + length, 0) / track.timescale,
    keyFrames,
  };
}
