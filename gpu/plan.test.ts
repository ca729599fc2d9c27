import { describe, expect, test } from "bun:test";
import { picture, sound, source } from "#tests/support/sources.ts";
import { canRemux } from "./instant.ts";
import { type Choices, decodesOnGpu, planOf } from "./plan.ts";
import { probedStream } from "./probe-shape.ts";
import { rateOf } from "./rate.ts";

const choices = (change: Partial<Choices> = {}): Choices => ({
  recipe: {},
  device: { encode: false, decode: false },
  maxSoundtracks: 16,
  maxCaptions: 16,
  ...change,
});
const gpu = { device: { encode: true, decode: true } };
const rungs = (change: Parameters<typeof picture>[0], recipe = {}) =>
  planOf(source({ picture: picture(change) }), choices({ recipe })).picture?.rungs.map(
    ({ width, height }) => `${width}x${height}`,
  );

describe("the ladder", () => {
  test("goes by the short side and never upscales", () => {
    expect(rungs({})).toEqual(["1920x1080", "1280x720", "854x480", "640x360"]);
    expect(rungs({ width: 1080, height: 1920 })).toEqual(["1080x1920", "720x1280", "480x854", "360x640"]);
    expect(rungs({ width: 1280, height: 720 })).toEqual(["1280x720", "854x480", "640x360"]);
    expect(rungs({ width: 320, height: 180 })).toEqual(["320x180"]);
    expect(rungs({ width: 16, height: 16 })).toEqual(["16x16"]);
  });
  test("keeps the detail of a source well above the highest rung that fits", () => {
    expect(rungs({ width: 1600, height: 900 })?.[0]).toBe("1600x900");
    expect(rungs({ width: 1918, height: 1078 })?.[0]).toBe("1918x1078");
    expect(rungs({ width: 1024, height: 576 })?.[0]).toBe("854x480");
  });
  test("stops at 1080 unless the recipe asks for more", () => {
    expect(rungs({ width: 3840, height: 2160 })?.[0]).toBe("1920x1080");
    expect(rungs({ width: 3840, height: 2160 }, { ladder: [2160, 720] })).toEqual(["3840x2160", "1280x720"]);
    expect(rungs({ width: 16_000, height: 1080 })?.[0]).toBe("3840x260");
  });
  test("every size is even", () => {
    for (let side = 17; side < 1200; side += 37) {
      for (const size of rungs({ width: Math.round(side * 1.7778), height: side }) ?? []) {
        expect(size.split("x").every((part) => Number(part) % 2 === 0)).toBe(true);
      }
    }
  });
});

describe("time", () => {
  const timing = (change: Parameters<typeof picture>[0], more: Partial<Choices> = {}) =>
    planOf(source({ picture: picture(change) }), choices(more)).picture;
  test("an even rate keeps its grid; two groups of two seconds make a segment", () => {
    const plan = timing({ rate: { num: 30_000, den: 1001 } });
    expect(plan?.timing).toEqual({ mode: "even", rate: { num: 30_000, den: 1001 } });
    expect(plan?.gopFrames).toBe(60);
    expect(plan?.segmentSeconds).toBeCloseTo(4.004, 9);
  });
  test("a variable rate keeps the time of every frame, as long as a table can hold them", () => {
    expect(timing({ looksVariable: true })?.timing.mode).toBe("table");
    expect(timing({ looksVariable: true, frames: 2_000_000 })?.timing.mode).toBe("thinned");
    expect(timing({ looksVariable: true }, { forceEven: true })?.timing.mode).toBe("thinned");
  });
  test("more than sixty frames a second are thinned by a whole number", () => {
    expect(timing({ rate: { num: 240, den: 1 } })?.timing).toEqual({
      mode: "thinned",
      rate: { num: 60, den: 1 },
    });
    expect(timing({ rate: { num: 120_000, den: 1001 } })?.timing.rate).toEqual({ num: 60_000, den: 1001 });
    expect(timing({ rate: { num: 72, den: 1 } })?.timing.rate).toEqual({ num: 36, den: 1 });
    expect(timing({ rate: { num: 60, den: 1 } })?.timing.mode).toBe("even");
  });
  test("a picture that starts late is moved to zero, and the sound with it", () => {
    const plan = planOf(source({ picture: picture({ lateSeconds: 0.6 }) }), choices());
    expect([plan.picture?.shiftSeconds, plan.sound?.shiftSeconds]).toEqual([0.6, 0.6]);
    expect(plan.warnings.join()).toContain("0.6 s");
  });
});

describe("the engine", () => {
  const engine = (change: Parameters<typeof picture>[0], more: Partial<Choices> = gpu) =>
    planOf(source({ picture: picture(change) }), choices(more)).engine;
  test("is the GPU from end to end for what it decodes", () => {
    expect(engine({})).toBe("gpu");
    expect(engine({ codec: "hevc", bitDepth: 10 })).toBe("gpu");
    expect(engine({ codec: "av1", codedWidth: 7680, codedHeight: 4320 })).toBe("gpu");
  });
  test("is mixed for what only the CPU decodes", () => {
    for (const change of [
      { codec: "prores", chroma: "422" as const, bitDepth: 10 },
      { codec: "dnxhd", chroma: "422" as const },
      { bitDepth: 10 },
      { chroma: "422" as const },
      { codec: "hevc", chroma: "422" as const, bitDepth: 10 },
      { codedWidth: 7680, codedHeight: 4320 },
      { isUpright: false },
      { interlaced: true },
      { hasAlpha: true },
      { isSquare: false },
      { codec: "mpeg2video" },
      // Scaling on the GPU converts no colours.
      { matrix: "bt601" as const },
      { fullRange: true },
      { matrix: "bt2020" as const, wideGamut: "bt2020" as const },
    ]) {
      expect([change, engine(change)]).toEqual([change, "mixed"]);
    }
    expect(engine({ codec: "hevc", transfer: "hlg", matrix: "bt2020", wideGamut: "bt2020" })).toBe("gpu");
    expect(engine({}, { ...gpu, recipe: { watermark: "x" } })).toBe("mixed");
  });
  test("is the CPU where there is no encoder, or mixed where the GPU can still decode", () => {
    expect(engine({}, {})).toBe("cpu");
    expect(engine({}, { device: { encode: false, decode: true } })).toBe("mixed");
    expect(decodesOnGpu(picture({ codedWidth: 64, codedHeight: 64 }))).toBe(false);
  });
});

describe("sound", () => {
  const tracks = (sounds: Parameters<typeof sound>[0][]) =>
    planOf(
      source({ sound: sounds.map((change, i) => sound({ index: i + 1, isDefault: i === 0, ...change })) }),
      choices(),
    ).sound;
  test("every track is a rendition with its language", () => {
    const plan = tracks([
      { language: "ger" },
      { language: "fra" },
      { title: "Director" },
      { language: "zxx-broken-" },
    ]);
    expect(
      plan?.renditions.map(({ name, label, language, isDefault }) => [name, label, language, isDefault]),
    ).toEqual([
      ["a0", "German", "de", true],
      ["a1", "French", "fr", false],
      ["a2", "Director", null, false],
      ["a3", "Track 4", null, false],
    ]);
  });
  test("tracks of the same name can be told apart", () => {
    expect(tracks([{ language: "eng" }, { language: "eng" }])?.renditions.map(({ label }) => label)).toEqual([
      "English",
      "English (2)",
    ]);
  });
  test("loose mono tracks become stereo pairs", () => {
    const plan = tracks([1, 2, 3, 4, 5].map(() => ({ channels: 1 })));
    expect(plan?.renditions.map(({ from }) => from)).toEqual([[1, 2], [3, 4], [5]]);
  });
  test("a known loudness is corrected by plain gain, an unknown one as it goes", () => {
    const level = (knownLufs?: number) =>
      planOf(
        source(),
        choices({ recipe: { loudness: -16 }, ...(knownLufs === undefined ? {} : { knownLufs }) }),
      ).sound?.level;
    expect(level(-23.4)).toEqual({ mode: "gain", decibels: 7.4 });
    expect(level()).toEqual({ mode: "dynamic", lufs: -16 });
  });
  test("what is left out is said", () => {
    const plan = planOf(
      source({ sound: Array.from({ length: 20 }, (_, i) => sound({ index: i + 1, title: `Mix ${i}` })) }),
      choices(),
    );
    expect(plan.sound?.renditions.length).toBe(16);
    expect(plan.warnings).toEqual(["Of 20 soundtracks the first 16 are in the preview."]);
  });
});

test("what is called an average and is the clock of raw DV is no rate", () => {
  const stream = probedStream.parse({ index: 0, avg_frame_rate: "60000/1", r_frame_rate: "30000/1001" });
  expect(rateOf(stream, false, true)).toEqual({ rate: { num: 30_000, den: 1001 }, looksVariable: false });
});

describe("a source is repacked at once", () => {
  test("only when every browser plays it as it is, and nothing is to be burned in", () => {
    expect(canRemux(source(), {}, 1e6)).toBe(true);
    for (const change of [
      { bitDepth: 10 },
      { codec: "hevc" },
      { isUpright: false },
      { interlaced: true },
      { hasPreRoll: true },
      { looksVariable: true },
      { level: 60 },
    ]) {
      expect([change, canRemux(source({ picture: picture(change) }), {}, 1e6)]).toEqual([change, false]);
    }
    expect(canRemux(source(), { watermark: "secret" }, 1e6)).toBe(false);
    expect(canRemux(source(), {}, 1e12)).toBe(false);
    expect(canRemux(source({ sound: [sound({ codec: "pcm_s16le" })] }), {}, 1e6)).toBe(false);
    expect(canRemux(source({ sound: [sound({ seconds: 9 })] }), {}, 1e6)).toBe(false);
    expect(canRemux(source({ durationSeconds: 2 }), {}, 1e6)).toBe(false);
  });
});
