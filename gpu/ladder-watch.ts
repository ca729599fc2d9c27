import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fragment, readFragments, readInit, type Track } from "./boxes.ts";
import type { Segment } from "./playlist.ts";
import { noSamples } from "./source.ts";

/** One stream of the ladder as it grows on disk. */
export class GrowingStream {
  readonly name: string;
  readonly isPicture: boolean;
  track: Track | undefined;
  readonly segments: Segment[] = [];
  /** Presentation times of every frame in ticks, in decoding order. */
  readonly times: number[] = [];
  /** When each segment starts to be shown, in ticks. */
  readonly starts: number[] = [];
  readonly #folder: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.name = name;
    this.isPicture = /^[vr]\d/.test(name);
  }

  get seconds(): number {
    return this.segments.reduce((sum, segment) => sum + segment.seconds, 0);
  }

  /** File names that ffmpeg's playlist lists and nobody took yet. It lists a file only when it is whole. */
  async fresh(): Promise<string[]> {
    // There is no playlist before the first segment.
    const text = await readFile(join(this.#folder, `${this.name}.m3u8`), "utf8").catch(() => "");
    const names = text.split("\n").filter((line) => line.endsWith(".m4s"));
    return names.slice(this.segments.length);
  }

  async readInit(): Promise<Uint8Array> {
    const bytes = await readFile(join(this.#folder, `init_${this.name}.mp4`));
    this.track = readInit(bytes);
    return bytes;
  }

  /** A finished segment from the disk. The name is a plain file name of our own pattern. */
  async read(name: string): Promise<Uint8Array> {
    if (!/^(?:v|a|r|ra)\d+_\d{5,}\.m4s$/.test(name)) throw new RangeError("a segment with a foreign name");
    return readFile(join(this.#folder, name));
  }

  /** Counts a segment as published, the next in order. */
  take(name: string, bytes: Uint8Array): void {
    const track = this.track;
    if (!track) throw new Error("a segment before its init");
    const fragments = readFragments(bytes, track);
    const clock = times(fragments);
    if (clock.length === 0) throw noSamples();
    const start = Math.min(...clock.map(({ at }) => at));
    // Durations belong to decoding times: only that of the frame shown last says when the segment ends.
    const last = clock.reduce((latest, one) => (one.at >= latest.at ? one : latest));
    const end = last.at + last.duration;
    const first = fragments[0];
    const keyFrame =
      this.isPicture && first?.samples[0]?.isSync
        ? { at: first.at, length: first.firstSampleEnd - first.at }
        : null;
    const previous = this.segments.at(-1);
    const previousStart = this.starts.at(-1);
    // What a segment lasts is known for certain only when the next one starts.
    if (previous && previousStart !== undefined) previous.seconds = (start - previousStart) / track.timescale;
    this.starts.push(start);
    if (this.isPicture) for (const { at } of clock) this.times.push(at);
    this.segments.push({
      uri: name,
      bytes: bytes.byteLength,
      seconds: (end - start) / track.timescale,
      keyFrame,
    });
  }
}

/** When each sample is shown and for how long, in ticks. */
function times(fragments: Fragment[]): { at: number; duration: number }[] {
  return fragments.flatMap((fragment) => {
    let decode = fragment.decodeTime;
    return fragment.samples.map(({ duration, offset }) => {
      const at = decode + offset;
      decode += duration;
      return { at, duration };
    });
  });
}
