import { expect, test } from "bun:test";
import { Peaks } from "./peaks.ts";

const pcm = (samples: number[]) => new Uint8Array(Int16Array.from(samples).buffer);
const read = (peaks: Peaks) =>
  JSON.parse(peaks.json()) as { length: number; samples_per_pixel: number; data: number[] };

test("each pair is the smallest and the largest sample of its stretch", () => {
  const peaks = new Peaks(400, 10); // four samples per pixel
  peaks.push(pcm([0, 32767, -32768, 0, 256, 512, 0, 0]));
  expect(read(peaks)).toMatchObject({ length: 2, data: [-128, 127, 0, 2] });
});

test("chunks may end inside a sample and inside a stretch", () => {
  const samples = Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 65536) - 32768);
  const bytes = pcm(samples);
  const whole = new Peaks(400, 1000);
  whole.push(bytes);
  const cut = new Peaks(400, 1000);
  for (let at = 0; at < bytes.length; at += 7) cut.push(bytes.subarray(at, at + 7));
  expect(cut.json()).toBe(whole.json());
});

test("long material halves the resolution and keeps the extremes", () => {
  const peaks = new Peaks(400, 8);
  const samples = Array.from({ length: 400 }, (_, i) => (i === 333 ? 32767 : 0));
  peaks.push(pcm(samples));
  const { length, samples_per_pixel: perPixel, data } = read(peaks);
  expect(length).toBeLessThanOrEqual(9);
  expect(length * perPixel).toBeGreaterThanOrEqual(400);
  expect(data[2 * Math.floor(333 / perPixel) + 1]).toBe(127);
  expect(data.filter((value) => value !== 0)).toEqual([127]);
});

test("silence is zeros, and the binary form says what the text says", () => {
  const peaks = new Peaks();
  peaks.push(new Uint8Array(48_000 * 2));
  const { data, length } = read(peaks);
  expect(data.every((value) => value === 0)).toBe(true);
  const dat = new DataView(peaks.dat().buffer);
  expect([0, 4, 8, 12, 16, 20].map((at) => dat.getInt32(at, true))).toEqual([2, 1, 48_000, 480, length, 1]);
  expect(dat.byteLength).toBe(24 + 2 * length);
});
