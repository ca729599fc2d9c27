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
  const middle = (heights.marks / 2) * density;
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
  const at = (mark: Mark) => Math.round(x(mark.frame));
  for (const kind of kinds) {
    const marks = scene.marks.filter((mark) => kindOf(mark) === kind);
    context.fillStyle = token(colors[kind]);
    context.globalAlpha = kind === "resolved" ? 0.4 : 0.6;
    for (const { frame, endFrame } of marks)
      if (endFrame !== null && endFrame > frame)
        context.fillRect(
          x(frame),
          middle - 1.5 * density,
          Math.max(2 * density, x(endFrame) - x(frame)),
          3 * density,
        );
    context.globalAlpha = 1;
    context.beginPath();
    // Where a thousand stand on one point, one is drawn.
    for (const point of new Set(marks.map(at))) traceMark(context, kind, point, middle, density);
    context.fill();
  }
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

/** In the order they are painted: what is selected lies on top. */
const kinds = ["own", "resolved", "open", "selected"] as const;
type Kind = (typeof kinds)[number];
const colors = {
  own: "--text-1",
  resolved: "--line-strong",
  open: "--text-1",
  selected: "--accent",
} as const;

function kindOf({ selected, own, resolved }: Mark): Kind {
  if (selected) return "selected";
  if (own) return "own";
  return resolved ? "resolved" : "open";
}

/** Adds a mark's shape to the path; its kind is told by shape as well as by colour. */
function traceMark(
  context: CanvasRenderingContext2D,
  kind: Kind,
  at: number,
  middle: number,
  density: number,
): void {
  const r = (kind === "selected" ? 5.5 : 4) * density;
  if (kind === "own") {
    context.moveTo(at - r, middle - r);
    context.lineTo(at + r, middle - r);
    context.lineTo(at, middle + r);
    context.closePath();
  } else if (kind === "resolved") context.rect(at - r * 0.7, middle - r * 0.7, r * 1.4, r * 1.4);
  else {
    context.moveTo(at + r, middle);
    context.arc(at, middle, r, 0, 2 * Math.PI);
  }
}

/** The mark nearest to a frame, at most `reach` away; `marks` are sorted by frame. */
export function nearestMark(marks: readonly Mark[], frame: number, reach: number): Mark | undefined {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle]?.frame ?? 0) < frame) low = middle + 1;
    else high = middle;
  }
  const off = (mark: Mark | undefined) => (mark ? Math.abs(mark.frame - frame) : Number.POSITIVE_INFINITY);
  const [before, after] = [marks[low - 1], marks[low]];
  const best = off(before) < off(after) ? before : after;
  return off(best) <= reach ? best : undefined;
}

/** The mark under a pointer, nearest first; marks are told apart only in their own row. */
export function markAt(
  marks: readonly Mark[],
  x: number,
  y: number,
  width: number,
  most: number,
): Mark | undefined {
  return y > heights.marks ? undefined : nearestMark(marks, (x / width) * most, (8 / width) * most);
}
