export interface Tile {
  start: number;
  end: number;
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const cue = /([\d:.]+)\s+-->\s+([\d:.]+)[^\n]*\n([^\n]+)/g;

/** Reads a storyboard's WebVTT; addresses in it are relative to the file. */
export function readStoryboard(text: string, base: string): Tile[] {
  const tiles: Tile[] = [];
  for (const [, from = "", to = "", target = ""] of text.replaceAll("\r\n", "\n").matchAll(cue)) {
    const [path = "", fragment = ""] = target.trim().split("#xywh=");
    const [x = 0, y = 0, width = 0, height = 0] = fragment.split(",").map(Number);
    tiles.push({
      start: seconds(from),
      end: seconds(to),
      url: new URL(path, base).href,
      x,
      y,
      width,
      height,
    });
  }
  return tiles;
}

function seconds(clock: string): number {
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

const known = new Map<string, Promise<Tile[]>>();

/** The tiles of a storyboard, fetched once per page. Empty when there is none; one that did not come is asked for again. */
export function storyboardOf(url: string | null | undefined): Promise<Tile[]> {
  if (!url) return Promise.resolve([]);
  const key = url.replace(/\/v\/[^/]+\//, "/");
  let tiles = known.get(key);
  if (!tiles) {
    tiles = fetch(url)
      .then(async (response) => {
        if (!response.ok) throw new Error(`the storyboard answered ${response.status}`);
        return readStoryboard(await response.text(), url);
      })
      .catch(() => {
        known.delete(key);
        return [];
      });
    known.set(key, tiles);
  }
  return tiles;
}

export function tileAt(tiles: readonly Tile[], time: number): Tile | undefined {
  let low = 0;
  let high = tiles.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tiles[middle]?.start ?? 0) <= time) low = middle;
    else high = middle - 1;
  }
  return tiles[low];
}
