import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  countTimecode,
  type FrameModel,
  formatTimecode,
  frameModelOf,
  frameOffset,
  frameToSeconds,
  frameToTimecode,
  presentedFrame,
  rateLabel,
  secondsToFrame,
  seekSeconds,
  TimecodeError,
  timecodeToFrame,
  timelineFrame,
} from "./timecode.ts";

const model = (num: number, den: number, more: Partial<FrameModel> = {}): FrameModel => ({
  rate: { num, den },
  frames: 100_000,
  startTimecode: "01:00:00:00",
  dropFrame: false,
  variable: false,
  pts: null,
  ...more,
});

const rates = [
  model(24000, 1001),
  model(24, 1),
  model(25, 1),
  model(30000, 1001),
  model(30000, 1001, { dropFrame: true }),
  model(30, 1),
  model(48, 1),
  model(50, 1),
  model(60000, 1001),
  model(60000, 1001, { dropFrame: true }),
  model(60, 1),
  model(120000, 1001, { dropFrame: true }),
  model(120, 1),
];
const anyRate = fc.constantFrom(...rates);

/** Ages between frames from 8 to 100 ms, as phones and screen recorders write them. */
const variableClip = fc
  .array(fc.integer({ min: 8, max: 100 }), { minLength: 2, maxLength: 400 })
  .map((gaps) => {
    const pts = [0];
    for (const gap of gaps) pts.push(Number(((pts.at(-1) ?? 0) + gap / 1000).toFixed(3)));
    return model(30, 1, { variable: true, pts, frames: pts.length });
  });

describe("drop-frame", () => {
  test("every frame of 24 hours has its own timecode, in order, and reads back", () => {
    for (const rate of [model(30000, 1001, { dropFrame: true }), model(60000, 1001, { dropFrame: true })]) {
      const fps = rate.rate.num / 1000;
      const frames = 24 * 6 * (fps * 600 - 9 * (fps / 15));
      let expected = [0, 0, 0, 0] as [number, number, number, number];
      for (let frame = 0; frame < frames; frame++) {
        const [h, m, s, f] = expected;
        const text = formatTimecode(frame, rate);
        const two = (n: number) => (n < 10 ? `0${n}` : String(n));
        if (text !== `${two(h)}:${two(m)}:${two(s)};${two(f)}`)
          throw new Error(`frame ${frame} reads ${text}`);
        if (countTimecode(text, rate) !== frame) throw new Error(`${text} counts wrong`);
        expected = nextLabel(expected, fps);
      }
      expect(expected).toEqual([24, 0, 0, 0]);
      expect(formatTimecode(frames, rate)).toBe("00:00:00;00");
    }
  }, 120_000);

  test("the known landmarks of 29.97", () => {
    const rate = model(30000, 1001, { dropFrame: true });
    expect(formatTimecode(1799, rate)).toBe("00:00:59;29");
    expect(formatTimecode(1800, rate)).toBe("00:01:00;02");
    expect(formatTimecode(17981, rate)).toBe("00:09:59;29");
    expect(formatTimecode(17982, rate)).toBe("00:10:00;00");
    expect(formatTimecode(107_892, rate)).toBe("01:00:00;00");
    expect(() => countTimecode("00:01:00;00", rate)).toThrow("starts at frame 2");
    expect(() => countTimecode("00:01:00;01", rate)).toThrow(TimecodeError);
    expect(countTimecode("00:10:00;01", rate)).toBe(17_983);
  });

  test("exists for NTSC rates on a base of 30 only", () => {
    const media = {
      kind: "video" as const,
      durationSeconds: 10,
      frames: 250,
      startTimecode: "01:00:00:00",
      dropFrame: true,
      variable: false,
      pts: null,
    };
    expect(frameModelOf({ ...media, rate: { num: 25, den: 1 } }).dropFrame).toBe(false);
    expect(frameModelOf({ ...media, rate: { num: 24000, den: 1001 } }).dropFrame).toBe(false);
    expect(frameModelOf({ ...media, rate: { num: 30, den: 1 } }).dropFrame).toBe(false);
    expect(frameModelOf({ ...media, rate: { num: 60000, den: 1001 } }).dropFrame).toBe(true);
  });
});

/** The label after one, by the rule as people say it: numbers 0 and 1 are left out at each minute but the tenth. */
function nextLabel([h, m, s, f]: [number, number, number, number], fps: number): typeof label {
  const label: [number, number, number, number] = [h, m, s, f + 1];
  if (label[3] === fps) label.splice(2, 2, s + 1, 0);
  if (label[2] === 60) label.splice(1, 2, m + 1, 0);
  if (label[1] === 60) label.splice(0, 2, h + 1, 0);
  if (label[2] === 0 && label[3] === 0 && label[1] % 10 !== 0) label[3] = fps / 15;
  return label;
}

describe("round trips", () => {
  test("timecode of any frame of any rate and start reads back as the frame", () => {
    fc.assert(
      fc.property(anyRate, fc.nat(99_999), fc.nat(2_000_000), (rate, frame, start) => {
        const clip = { ...rate, startTimecode: formatTimecode(start, rate) };
        expect(timecodeToFrame(clip, frameToTimecode(clip, frame))).toBe(frame);
      }),
      { numRuns: 3000 },
    );
  });

  test("seconds of any frame read back as the frame: its start, its middle, and rounded by a container", () => {
    fc.assert(
      fc.property(anyRate, fc.nat(99_999), (rate, frame) => {
        const start = frameToSeconds(rate, frame);
        expect(secondsToFrame(rate, start)).toBe(frame);
        expect(secondsToFrame(rate, seekSeconds(rate, frame))).toBe(frame);
        expect(secondsToFrame(rate, Math.floor(start * 90_000) / 90_000)).toBe(frame);
        expect(secondsToFrame(rate, Math.round(start * 1e6) / 1e6)).toBe(frame);
        expect(presentedFrame(rate, start + 0.0004)).toBe(frame);
        expect(presentedFrame(rate, start - 0.0004)).toBe(frame);
      }),
      { numRuns: 3000 },
    );
  });

  test("variable rate goes by the presentation times", () => {
    fc.assert(
      fc.property(variableClip, fc.nat(), (clip, pick) => {
        const frame = pick % clip.frames;
        expect(secondsToFrame(clip, frameToSeconds(clip, frame))).toBe(frame);
        expect(secondsToFrame(clip, seekSeconds(clip, frame))).toBe(frame);
        expect(presentedFrame(clip, frameToSeconds(clip, frame) + 0.003)).toBe(frame);
        const back = timecodeToFrame(clip, frameToTimecode(clip, frame));
        expect(frameToTimecode(clip, back)).toBe(frameToTimecode(clip, frame));
        expect(timelineFrame(clip, frame)).toBe(Math.round(frameToSeconds(clip, frame) * 30));
      }),
      { numRuns: 1000 },
    );
  });

  test("time never runs backwards", () => {
    fc.assert(
      fc.property(
        fc.oneof(anyRate, variableClip),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (clip, at) => {
          expect(secondsToFrame(clip, at + 0.001)).toBeGreaterThanOrEqual(secondsToFrame(clip, at));
        },
      ),
    );
  });
});

describe("what people type", () => {
  const clip = model(25, 1, { frames: 5000 });
  test.each([
    ["01:00:12:07", 307],
    ["00:00:12:07", 307],
    ["1:02", 27],
    ["1:00:00", 1500],
    ["1.2", 27],
    ["37", 37],
    ["0", 0],
    ["+10", 110],
    ["-10", 90],
    ["+ 1:00", 125],
    ["12.5s", 312],
    ["2 s", 50],
    ["-2s", 50],
  ])("%s", (text, frame) => {
    expect(timecodeToFrame(clip, text, 100)).toBe(frame);
  });

  test.each([
    ["", "Write a timecode"],
    ["abc", "not a timecode"],
    ["1:2:3:4:5", "not a timecode"],
    ["01:00:00:25", "frames 0 to 24"],
    ["01:00:60:00", "59 seconds"],
    ["01:61:00:00", "59 minutes"],
    ["24:00:00:00", "23 hours"],
    ["5000", "after the last frame, 4999 (01:03:19:24)"],
    ["02:00:00:00", "after the last frame"],
    ["-101", "before the first frame"],
    ["9999s", "after the last frame"],
  ])("%p is refused: %s", (text, reason) => {
    expect(() => timecodeToFrame(clip, text, 100)).toThrow(reason);
  });

  test("whatever is typed, the answer is a frame of the clip or a reason", () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[+-]?[\d:;.s ]{0,14}$/));
    fc.assert(
      fc.property(fc.oneof(anyRate, variableClip), texts, fc.nat(1), (any, text, current) => {
        try {
          const frame = timecodeToFrame(any, text, current);
          expect(Number.isInteger(frame) && frame >= 0 && frame < any.frames).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(TimecodeError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

test("first and last frames hold at their edges", () => {
  const clip = model(30000, 1001, { frames: 10 });
  expect(secondsToFrame(clip, -1)).toBe(0);
  expect(secondsToFrame(clip, Number.NaN)).toBe(0);
  expect(secondsToFrame(clip, 99)).toBe(9);
  expect(presentedFrame(clip, 99)).toBe(9);
});

test("the offset between two versions follows their timecodes, and is none when they share no frame", () => {
  const left = model(25, 1, { frames: 500 });
  expect(frameOffset(left, { ...left, startTimecode: "00:59:58:00" })).toBe(50);
  expect(frameOffset({ ...left, startTimecode: "00:59:58:00" }, left)).toBe(-50);
  expect(frameOffset(left, { ...left, startTimecode: "00:00:00:00" })).toBe(0);
  expect(frameOffset(left, model(24, 1))).toBe(0);
});

test("sound is counted in 25ths of a second and a still has one frame", () => {
  const bare = {
    rate: null,
    frames: null,
    startTimecode: "00:00:00:00",
    dropFrame: false,
    variable: false,
    pts: null,
  };
  expect(frameModelOf({ ...bare, kind: "audio", durationSeconds: 4 }).frames).toBe(100);
  expect(frameModelOf({ ...bare, kind: "image", durationSeconds: 0 }).frames).toBe(1);
});

test("rates read as people write them", () => {
  expect(rateLabel(model(24000, 1001))).toBe("23.976");
  expect(rateLabel(model(30000, 1001, { dropFrame: true }))).toBe("29.97 DF");
  expect(rateLabel(model(25, 1))).toBe("25");
});
