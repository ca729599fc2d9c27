import { defaultLadder, type Recipe } from "#core/previews/recipe.ts";
import type { Picture } from "./source.ts";

export interface RungPlan {
  name: string;
  width: number;
  height: number;
  crf: number;
  /** Ceiling and window of the rate, in kbit/s. */
  maxRate: number;
  bufSize: number;
}

/** H.264 decoders of phones and browsers give up beyond this. */
const MAX_LONG_SIDE = 3840;

/** kbit/s by short side at 16:9 and up to 30 frames a second. */
const ceilings: Record<number, number> = {
  2160: 16_000,
  1440: 9500,
  1080: 5350,
  720: 2996,
  480: 1498,
  360: 856,
};

const even = (value: number) => Math.max(2, 2 * Math.round(value / 2));

/**
 * The rungs of a source, tallest first, by its short side. Nothing is upscaled; a source below the lowest rung, or
 * well above the highest that fits, gets one of its own size.
 */
export function rungsFor(picture: Picture, recipe: Recipe, framesPerSecond: number): RungPlan[] {
  const long = Math.max(picture.width, picture.height);
  const fit = Math.min(1, MAX_LONG_SIDE / long);
  const shortSide = Math.min(picture.width, picture.height) * fit;
  const ladder = [...new Set<number>(recipe.ladder ?? defaultLadder)].sort((a, b) => b - a);
  const sides = ladder.filter((side) => side <= shortSide);
  const top = ladder[0] ?? 1080;
  if (sides.length === 0 || (shortSide < top && shortSide >= 1.25 * (sides[0] ?? 0)))
    sides.unshift(Math.min(shortSide, top));
  return sides.map((side, order) => rung(picture, side, order, framesPerSecond));
}

function rung(picture: Picture, side: number, order: number, framesPerSecond: number): RungPlan {
  const scale = side / Math.min(picture.width, picture.height);
  const width = even(picture.width * scale);
  const height = even(picture.height * scale);
  const maxRate = ceilingOf(side, width * height, framesPerSecond);
  return { name: `v${order}`, width, height, crf: 23, maxRate, bufSize: Math.round(maxRate * 1.4) };
}

function ceilingOf(side: number, pixels: number, framesPerSecond: number): number {
  const known = ceilings[side];
  const wide = side * side * (16 / 9);
  const base = known ? known * Math.max(1, pixels / wide) ** 0.75 : 5350 * (pixels / (1920 * 1080)) ** 0.75;
  return Math.max(200, Math.round(base * (framesPerSecond > 32 ? 1.4 : 1)));
}
