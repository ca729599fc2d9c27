import { type FrameModel, frameToSeconds } from "#core/timecode/timecode.ts";
import { type Peaks, paintPeaks } from "./peaks.ts";
import type { Range } from "./player.ts";

export interface Mark {
  id: string;
  frame: number;
  endFrame: number | null;
  label: string;
  resolved: boolean;
  selected: boolean;
  /** The reviewer's own mark, not a comment. */
  own?: boolean;
}

interface Scene {
  width: number;
  model: FrameModel;
  marks: readonly Mark[];
  peaks: Peaks | undefined;
  buffered: readonly Range[];
  built: number;
  range: Partial<Range>;
}

export const heights = { marks: 18, wave: 38 } as const;
export const timelineHeight = heights.marks + heights.wave;

/** Paints everything but the play head, which moves alone and so never costs a repaint. */
export function paintTimeline(canvas: HTMLCanvasElement, scene: Scene): void {
  const density = devicePixelRatio || 1;
  const [width, height] = [Math.round(scene.width * density), Math.round(timelineHeight * density)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (!context) return;
  const styles = getComputedStyle(canvas);
  const token = (name: string) => styles.getPropertyValue(name).trim();
  const most = Math.max(1, scene.model.frames - 1);
  const x = (frame: number) => (Math.min(frame, most) / most) * width;
  const top = heights.marks * density;
  const wave = heights.wave * density;
  context.clearRect(0, 0, width, height);

  context.fillStyle = token("--bg-2");
  context.fillRect(0, top, width, wave);
  context.fillStyle = token("--bg-3");
  for (const { start, end } of scene.buffered) context.fillRect(x(start), top, x(end) - x(start), wave);
  if (scene.peaks)
    paintPeaks(context, scene.peaks, {
      width,
      top: top + 3 * density,
      height: wave - 6 * density,
      seconds: frameToSeconds(scene.model, scene.model.frames),
      color: token("--wave"),
    });
  if (scene.range.start !== undefined || scene.range.end !== undefined) {
    const [from, to] = [x(scene.range.start ?? 0), x(scene.range.end ?? most)];
    context.fillStyle = token("--accent");
    context.globalAlpha = 0.16;
    context.fillRect(from, top, to - from, wave);
    context.globalAlpha = 1;
    context.fillRect(from, top, 2 * density, wave);
    context.fillRect(to - 2 * density, top, 2 * density, wave);
  }
  if (scene.built < scene.model.frames)
    paintUnbuilt(context, x(scene.built), width, top, wave, token("--bg-0"), density);
  for (const mark of scene.marks) if (!mark.selected) paintMark(context, mark, x, token, density);
  for (const mark of scene.marks) if (mark.selected) paintMark(context, mark, x, token, density);
}

/** Hatched: not there yet. */
function paintUnbuilt(
  context: CanvasRenderingContext2D,
  from: number,
  width: number,
  top: number,
  height: number,
  color: string,
  density: number,
): void {
  context.save();
  context.beginPath();
  context.rect(from, top, width - from, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 2 * density;
  for (let x = from - height; x < width; x += 8 * density) {
    context.beginPath();
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
    context.stroke();
  }
  context.restore();
}

function paintMark(
  context: CanvasRenderingContext2D,
  mark: Mark,
  x: (frame: number) => number,
  token: (name: string) => string,
  density: number,
): void {
  const at = x(mark.frame);
  const middle = (heights.marks / 2) * density;
  context.fillStyle = token(mark.selected ? "--accent" : mark.resolved ? "--line-strong" : "--text-1");
  if (mark.endFrame !== null && mark.endFrame > mark.frame) {
    const end = Math.max(at + 2 * density, x(mark.endFrame));
    context.globalAlpha = mark.resolved ? 0.4 : 0.6;
    context.fillRect(at, middle - 1.5 * density, end - at, 3 * density);
    context.globalAlpha = 1;
  }
  context.beginPath();
  const r = (mark.selected ? 5.5 : 4) * density;
  if (mark.own) {
    context.moveTo(at - r, middle - r);
    context.lineTo(at + r, middle - r);
    context.lineTo(at, middle + r);
  } else if (mark.resolved) context.rect(at - r * 0.7, middle - r * 0.7, r * 1.4, r * 1.4);
  else context.arc(at, middle, r, 0, 2 * Math.PI);
  context.fill();
}

/** The mark under a pointer, nearest first; marks are told apart only in their own row. */
export function markAt(
  marks: readonly Mark[],
  x: number,
  y: number,
  width: number,
  most: number,
): Mark | undefined {
  if (y > heights.marks) return undefined;
  let best: Mark | undefined;
  let distance = 8;
  for (const mark of marks) {
    const off = Math.abs((mark.frame / most) * width - x);
    if (off < distance) [best, distance] = [mark, off];
  }
  return best;
}
