import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { Parser } from "m3u8-parser";
import { type Fragment, readFragments, readInit, type Track } from "#gpu/boxes.ts";
import { ffmpeg, fixture } from "#tests/fixtures/generate.ts";
import { eventually } from "#tests/support/eventually.ts";
import {
  addMaster,
  openPreviewRoom,
  type PreviewRoom,
  previewObject,
  previewText,
  versionOf,
} from "#tests/support/previews.ts";
import { type RunningWorker, startWorker } from "#tests/support/worker.ts";

setDefaultTimeout(300_000);

const RATE = 24_000 / 1001;
const words = (text: string) => text.split(" ");

interface Rendition {
  name: string;
  text: string;
  segments: { uri: string; seconds: number; bytes: number; fragments: Fragment[] }[];
  target: number;
  track: Track;
  init: Uint8Array;
}

let room: PreviewRoom;
let worker: RunningWorker;
let prefix = "";
let master = "";
let streams: { attributes: Record<string, string>; uri: string }[] = [];
let iFrames: Record<string, string>[] = [];
let media: Record<string, string>[] = [];
let pictures: Rendition[] = [];
let sounds: Rendition[] = [];

const source = () =>
  fixture("authoring-2.mkv", async (output, folder) => {
    const cues = [0, 5, 9]
      .map((at, i) => `${i + 1}\n00:00:0${at},000 --> 00:00:0${at},900\nline ${i}\n`)
      .join("\n");
    await writeFile(`${folder}/words.srt`, cues);
    await ffmpeg(
      [
        ...["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=24000/1001:duration=13,noise=alls=4:allf=t"],
        ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=13"],
        ...["-f", "lavfi", "-i", "sine=frequency=880:sample_rate=44100:duration=9"],
        ...["-i", `${folder}/words.srt`, ...words("-map 0 -map 1 -map 2 -map 3")],
        ...words("-c:v libx264 -preset ultrafast -crf 28 -pix_fmt yuv420p -c:a aac -c:s srt"),
        ...words(
          "-metadata:s:a:0 language=eng -metadata:s:a:1 language=fre -metadata:s:s:0 language=eng -f matroska",
        ),
        output,
      ],
      folder,
    );
  });

/** `A=1,B="x,y"` as an object. */
function attributesOf(line: string): Record<string, string> {
  const list = line.slice(line.indexOf(":") + 1);
  return Object.fromEntries(
    [...list.matchAll(/([A-Z-]+)=("[^"]*"|[^,]*)/g)].map(([, name, value]) => [
      name,
      value?.replaceAll('"', ""),
    ]),
  );
}

async function rendition(name: string): Promise<Rendition> {
  const text = await previewText(room, `${prefix}${name}.m3u8`);
  const init = (await previewObject(room, `${prefix}init_${name}.mp4`)).bytes;
  const track = readInit(init);
  const lines = text.split("\n");
  const segments = await Promise.all(
    lines
      .flatMap((line, at) =>
        line.startsWith("#EXTINF:")
          ? [{ seconds: Number.parseFloat(line.slice(8)), uri: lines[at + 1] ?? "" }]
          : [],
      )
      .map(async ({ uri, seconds }) => {
        const { bytes } = await previewObject(room, prefix + uri);
        return { uri, seconds, bytes: bytes.length, fragments: readFragments(bytes, track) };
      }),
  );
  return { name, text, segments, track, init, target: Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1]) };
}

beforeAll(async () => {
  room = await openPreviewRoom();
  worker = await startWorker(room);
  const { versionId } = await addMaster(room, await source());
  const version = await eventually(
    async () => {
      const row = await versionOf(room, versionId);
      if (row.state !== "ready") throw new Error(`${row.state}: ${row.reason}`);
      return row;
    },
    { withinMs: 240_000 },
  );
  prefix = version.preview.prefix;
  master = await previewText(room, `${prefix}master.m3u8`);
  const lines = master.split("\n");
  streams = lines.flatMap((line, at) =>
    line.startsWith("#EXT-X-STREAM-INF:")
      ? [{ attributes: attributesOf(line), uri: lines[at + 1] ?? "" }]
      : [],
  );
  iFrames = lines.filter((line) => line.startsWith("#EXT-X-I-FRAME-STREAM-INF:")).map(attributesOf);
  media = lines.filter((line) => line.startsWith("#EXT-X-MEDIA:")).map(attributesOf);
  pictures = await Promise.all(["v0", "v1", "v2"].map(rendition));
  sounds = await Promise.all(["a0", "a1"].map(rendition));
});

afterAll(async () => {
  await worker.stop();
  await room.close();
});

const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
const peakOf = ({ segments, target }: Rendition) =>
  Math.max(
    ...segments
      .filter(({ seconds }) => seconds >= target / 2)
      .map(({ bytes, seconds }) => (bytes * 8) / seconds),
  );
const averageOf = ({ segments }: Rendition) =>
  (8 * sum(segments.map(({ bytes }) => bytes))) / sum(segments.map(({ seconds }) => seconds));
const startOf = (fragments: Fragment[], track: Track) =>
  Math.min(
    ...fragments.map(({ decodeTime, samples }) => {
      let at = decodeTime;
      return Math.min(
        ...samples.map(({ offset, duration }) => {
          const shown = at + offset;
          at += duration;
          return shown;
        }),
      );
    }),
  ) / track.timescale;

// Numbers are those of "HTTP Live Streaming (HLS) authoring specification for Apple devices".
describe("video", () => {
  test("1.1, 1.2, 1.10: H.264 in fragmented MP4, parameter sets in the sample description", () => {
    for (const { track, init } of pictures) {
      expect(track.codec).toStartWith("avc1.");
      expect(Buffer.from(init).includes("avcC")).toBe(true);
    }
  });
  test("1.3, 1.4, 1.11: High profile, no higher level than the picture needs", () => {
    expect(pictures.map(({ track }) => track.codec)).toEqual(["avc1.64001f", "avc1.64001e", "avc1.64001e"]);
  });
  test("1.13: an IDR every two seconds", () => {
    for (const { segments, track } of pictures) {
      const gaps = segments
        .flatMap(({ fragments }) => fragments.flatMap(({ samples }) => samples))
        .reduce<number[]>((all, { isSync, duration }) => {
          if (isSync) all.push(0);
          all[all.length - 1] = (all.at(-1) ?? 0) + duration / track.timescale;
          return all;
        }, []);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(2.01);
    }
  });
  test("1.18, 1.19: the natural frame rate, at most 60", () => {
    for (const { attributes } of streams) expect(attributes["FRAME-RATE"]).toBe(RATE.toFixed(3));
  });
  test("1.26, 1.27, 9.13, 9.14: declared bandwidths are the measured ones, within a tenth", () => {
    const soundPeak = Math.max(...sounds.map(peakOf));
    const soundAverage = Math.max(...sounds.map(averageOf));
    for (const { attributes, uri } of streams) {
      const picture = pictures.find(({ name }) => uri === `${name}.m3u8`) as Rendition;
      expect(Number(attributes.BANDWIDTH) / (peakOf(picture) + soundPeak)).toBeCloseTo(1, 1);
      expect(Number(attributes["AVERAGE-BANDWIDTH"]) / (averageOf(picture) + soundAverage)).toBeCloseTo(1, 1);
    }
  });
  test("1.32: the first variant is the one nearest to 2000 kbit/s", () => {
    const away = streams.map(({ attributes }) =>
      Math.abs(Number(attributes["AVERAGE-BANDWIDTH"]) - 2_000_000),
    );
    expect(away[0] as number).toBeLessThanOrEqual(Math.min(...away) + 150_000);
  });
  test("1.33: one aspect ratio", () => {
    for (const { track } of pictures) expect(track.width / track.height).toBeCloseTo(16 / 9, 2);
  });
});

describe("sound", () => {
  test("2.1, 2.3, 2.17: stereo AAC-LC in fragmented MP4 of its own", () => {
    for (const { track } of sounds) expect(track.codec).toBe("mp4a.40.2");
    expect(media.filter(({ TYPE }) => TYPE === "AUDIO").map(({ CHANNELS }) => CHANNELS)).toEqual(["2", "2"]);
  });
  test("2.15: an alternative track covers the whole content, although its source ended early", () => {
    expect(sum(sounds[1]?.segments.map(({ seconds }) => seconds) ?? [])).toBeCloseTo(13.013, 1);
  });
});

describe("subtitles", () => {
  test("5.2, 5.3, 5.5: WebVTT with a timestamp map, for the whole length", async () => {
    const playlist = await previewText(room, `${prefix}s0.m3u8`);
    const parts = playlist.split("\n").filter((line) => line.endsWith(".vtt"));
    const lengths = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].map(([, length]) => Number(length));
    expect(sum(lengths)).toBeCloseTo(13.013, 1);
    const text = await previewText(room, prefix + parts[0]);
    expect(text).toStartWith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n");
    expect([...text.matchAll(/line (\d)/g)].map(([, n]) => n)).toEqual(["0", "1", "2"]);
  });
});

describe("trick play", () => {
  test("6.1, 6.3, 6.6: an I-frame playlist per rung, whose ranges start with a whole key frame", async () => {
    expect(iFrames.length).toBe(3);
    const text = await previewText(room, `${prefix}v0_iframes.m3u8`);
    expect(text).toContain("#EXT-X-I-FRAMES-ONLY");
    const [, length, at] = (/#EXT-X-BYTERANGE:(\d+)@(\d+)/.exec(text) ?? []).map(Number);
    const first = pictures[0]?.segments[0]?.fragments[0] as Fragment;
    expect([at, (at ?? 0) + (length ?? 0)]).toEqual([first.at, first.firstSampleEnd]);
    expect(first.samples[0]?.isSync).toBe(true);
  });
});

describe("segments", () => {
  test("7.1, 7.3: decode times go on where the segment before ended", () => {
    for (const { segments, track } of [...pictures, ...sounds]) {
      let due = 0;
      for (const { fragments } of segments) {
        for (const { decodeTime, samples } of fragments) {
          expect(Math.abs(decodeTime - due)).toBeLessThanOrEqual(1);
          due = decodeTime + sum(samples.map(({ duration }) => duration));
        }
      }
      expect(due / track.timescale).toBeCloseTo(13.013, 1);
    }
  });
  test("7.4: every video segment starts with an IDR", () => {
    for (const { segments } of pictures) {
      for (const { fragments } of segments) expect(fragments[0]?.samples[0]?.isSync).toBe(true);
    }
  });
  test("7.7: no segment exceeds the target duration by half a second", () => {
    for (const { segments, target } of [...pictures, ...sounds]) {
      for (const { seconds } of segments) expect(seconds).toBeLessThan(target + 0.5);
    }
  });
});

describe("media playlists", () => {
  test("8.1: EXTINF is exact within a frame, over every run of segments", () => {
    for (const { segments, track } of pictures) {
      let due = 0;
      for (const { fragments, seconds } of segments) {
        expect(Math.abs(startOf(fragments, track) - due)).toBeLessThan(1 / RATE);
        due += seconds;
      }
    }
  });
  test("8.2, 8.3, 8.7: one target duration, one time range, for picture and sound", () => {
    expect(new Set([...pictures, ...sounds].map(({ target }) => target)).size).toBe(1);
    for (const { segments } of [...pictures, ...sounds])
      expect(sum(segments.map(({ seconds }) => seconds))).toBeCloseTo(13.013, 1);
  });
  test("8.6, 8.20: VOD with an end and an init segment", () => {
    for (const { text, name } of [...pictures, ...sounds]) {
      for (const tag of ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-ENDLIST", `#EXT-X-MAP:URI="init_${name}.mp4"`])
        expect(text).toContain(tag);
    }
  });
  test("8.9, 8.10, 4.7: renditions are declared with a language", () => {
    expect(media.map(({ TYPE, LANGUAGE, URI }) => [TYPE, LANGUAGE, URI])).toEqual([
      ["AUDIO", "en", "a0.m3u8"],
      ["AUDIO", "fr", "a1.m3u8"],
      ["SUBTITLES", "en", "s0.m3u8"],
    ]);
  });
  test("8.22: segments of all rungs and sounds start at the same times", () => {
    const starts = [...pictures, ...sounds].map(({ segments, track }) =>
      segments.map(({ fragments }) => startOf(fragments, track)),
    );
    expect(starts[1]).toEqual(starts[0]);
    expect(starts[2]).toEqual(starts[0]);
    for (const sound of starts.slice(3)) {
      for (const [i, start] of (starts[0] ?? []).entries())
        expect(Math.abs((sound[i] ?? 0) - start)).toBeLessThan(1024 / 44_100 + 0.001);
    }
  });
});

describe("the master playlist", () => {
  test("9.1 to 9.4, 9.15, 9.16: codecs, resolution, frame rate and range on every variant", () => {
    for (const { attributes, uri } of streams) {
      const picture = pictures.find(({ name }) => uri === `${name}.m3u8`) as Rendition;
      expect(attributes.CODECS).toBe(`${picture.track.codec},mp4a.40.2`);
      expect(attributes.RESOLUTION).toBe(`${picture.track.width}x${picture.track.height}`);
      expect(attributes["VIDEO-RANGE"]).toBe("SDR");
    }
    for (const attributes of iFrames) {
      expect(attributes.CODECS).toStartWith("avc1.");
      expect(attributes.RESOLUTION).toMatch(/^\d+x\d+$/);
    }
  });
  test("9.5, 9.7, 9.9, 9.11: picture and sound apart, several bit rates, independent segments", () => {
    expect(streams.map(({ attributes }) => attributes.AUDIO)).toEqual(["a", "a", "a"]);
    expect(master).toContain("#EXT-X-INDEPENDENT-SEGMENTS");
  });
  test("10.4: the recommended content types", async () => {
    const types = await Promise.all(
      ["master.m3u8", "init_v0.mp4", "v0_00000.m4s", "s0_00000.vtt"].map(
        async (name) => (await previewObject(room, prefix + name)).contentType,
      ),
    );
    expect(types).toEqual([
      "application/vnd.apple.mpegurl",
      "video/mp4",
      "video/iso.segment",
      "text/vtt; charset=utf-8",
    ]);
  });
  test("a parser that complains about everything complains about nothing", async () => {
    const complaints: string[] = [];
    const names = ["master", "v0", "v1", "v2", "a0", "a1", "s0", "v0_iframes"];
    for (const name of names) {
      const parser = new Parser();
      for (const event of ["warn", "error"])
        parser.on(event, (what: { message: string }) => complaints.push(`${name}: ${what.message}`));
      parser.push(await previewText(room, `${prefix}${name}.m3u8`));
      parser.end();
      if (name === "v0") expect(parser.manifest.segments.length).toBe(4);
    }
    expect(complaints).toEqual([]);
  });
});
