import type { FrameModel } from "../timecode/timecode.ts";
import { frameToSeconds } from "../timecode/timecode.ts";

/** A picture of a frame: a JPEG, or a tile of one in its pixels. */
export interface Still {
  sheet: Buffer;
  tile: { x: number; y: number; width: number; height: number } | null;
}

export type Stills = (frame: number) => Promise<Still | null>;

interface Tile {
  from: number;
  to: number;
  sheet: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const DEADLINE_MS = 5_000;
const MAX_SHEETS = 64;

/**
 * The exact frames a worker made; for what is not among them the nearest tile of the storyboard, read through the
 * signed edge like any player does. A sheet that does not come is no reason to print nothing.
 */
export async function openStills(
  exact: ReadonlyMap<number, Buffer>,
  storyboardUrl: string | null,
  model: FrameModel,
): Promise<Stills> {
  let tiles: Promise<Tile[]> | undefined;
  const sheets = new Map<string, Promise<Buffer | null>>();
  return async (frame) => {
    const still = exact.get(frame);
    if (still) return { sheet: still, tile: null };
    if (!storyboardUrl) return null;
    tiles ??= read(storyboardUrl).then((text) => parseStoryboard(text?.toString("utf8") ?? ""));
    const seconds = frameToSeconds(model, frame);
    const tile = (await tiles).find(({ to }) => seconds < to) ?? (await tiles).at(-1);
    if (!tile) return null;
    const url = new URL(tile.sheet, storyboardUrl).href;
    if (!sheets.has(url)) sheets.set(url, sheets.size < MAX_SHEETS ? read(url) : Promise.resolve(null));
    const sheet = await sheets.get(url);
    if (!sheet) return null;
    const { x, y, width, height } = tile;
    return { sheet, tile: { x, y, width, height } };
  };
}

/** A still is its own picture: the poster shows all of it. */
export async function openPicture(posterUrl: string | null): Promise<Stills> {
  const sheet = posterUrl ? await read(posterUrl) : null;
  return async () => (sheet ? { sheet, tile: null } : null);
}

/** WebVTT whose cues name a tile of a sheet: `sprite_000.jpg#xywh=160,0,160,90`. */
export function parseStoryboard(text: string): Tile[] {
  const cue =
    /^(\d+:)?(\d\d):(\d\d\.\d{3}) --> (\d+:)?(\d\d):(\d\d\.\d{3})[^\n]*\n([^\n#]+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;
  return [...text.replaceAll("\r", "").matchAll(cue)].map((match) => {
    const [, h1 = "0", m1, s1, h2 = "0", m2, s2, sheet = "", x, y, width, height] = match;
    return {
      from: Number.parseInt(h1, 10) * 3600 + Number(m1) * 60 + Number(s1),
      to: Number.parseInt(h2, 10) * 3600 + Number(m2) * 60 + Number(s2),
      sheet,
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    };
  });
}

async function read(url: string): Promise<Buffer | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS), redirect: "error" });
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : null;
  } catch {
    return null;
  }
}
