import { type ReadonlySignal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { frameToSeconds, frameToTimecode } from "#core/timecode/timecode.ts";
import type { Peaks } from "./peaks.ts";
import type { Player } from "./player.ts";
import { type Tile, tileAt } from "./storyboard.ts";
import { type Mark, markAt, nearestMark, paintTimeline } from "./timeline-paint.ts";
import "./timeline.css";

interface Props {
  player: Player;
  marks: readonly Mark[];
  tiles: readonly Tile[];
  peaks: Peaks | undefined;
  onMark?: (id: string) => void;
}

/** The clip from end to end: waveform, comment marks, what is loaded, and the play head to drag. */
export function Timeline({ player, marks, tiles, peaks, onMark }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const root = useRef<HTMLDivElement>(null);
  const hover = useSignal<number | undefined>(undefined);
  const width = useSignal(0);
  const theme = useSignal(0);
  const { model } = player;
  const most = Math.max(1, model.frames - 1);
  const box = useRef({ left: 0, top: 0, width: 0 });
  const drag = useRef<
    { wasPlaying: boolean; mark: string | undefined; startX: number; edge: number | undefined } | undefined
  >(undefined);
  const sorted = useMemo(() => [...marks].sort((a, b) => a.frame - b.frame), [marks]);

  // Measured when the pointer comes or presses, never while it moves: reading the layout then would force one each time.
  const measure = () => {
    box.current = root.current?.getBoundingClientRect() ?? box.current;
  };
  useEffect(() => {
    if (!root.current) return;
    const size = new ResizeObserver(([entry]) => {
      width.value = entry?.contentRect.width ?? 0;
      measure();
    });
    size.observe(root.current);
    const themes = new MutationObserver(() => {
      theme.value += 1;
    });
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      size.disconnect();
      themes.disconnect();
    };
  }, []);

  const paint = () => {
    if (canvas.current && width.peek() > 0)
      paintTimeline(canvas.current, {
        width: width.peek(),
        model,
        marks: sorted,
        peaks,
        buffered: player.buffered.peek(),
        built: player.built.peek(),
        range: player.range.peek(),
      });
  };
  useSignalEffect(() => {
    // Read here so that a change of any of them paints again; the play head is not among them.
    void [width.value, theme.value, player.buffered.value, player.built.value, player.range.value];
    paint();
  });
  useEffect(paint, [sorted, peaks]);

  const frameAt = (x: number) =>
    Math.round(Math.min(1, Math.max(0, (x - box.current.left) / Math.max(1, box.current.width))) * most);
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    root.current?.setPointerCapture(event.pointerId);
    measure();
    const { left, top, width } = box.current;
    const mark = markAt(sorted, event.clientX - left, event.clientY - top, width, most);
    // With Shift a drag marks a range, from where it began.
    const edge = event.shiftKey ? frameAt(event.clientX) : undefined;
    drag.current = { wasPlaying: player.playing.value, mark: mark?.id, startX: event.clientX, edge };
    player.pause();
    if (!mark) player.seek(frameAt(event.clientX));
  };
  const move = (event: PointerEvent) => {
    hover.value = frameAt(event.clientX);
    if (!drag.current) return;
    if (drag.current.mark && Math.abs(event.clientX - drag.current.startX) < 4) return;
    drag.current.mark = undefined;
    player.seek(hover.value);
    const { edge } = drag.current;
    if (edge !== undefined)
      player.range.value = { start: Math.min(edge, hover.value), end: Math.max(edge, hover.value) };
  };
  const up = () => {
    const ended = drag.current;
    drag.current = undefined;
    if (ended?.mark) onMark?.(ended.mark);
    else if (ended?.wasPlaying) player.play();
  };

  // Bound to the element itself, so that a moving play head renders nothing anew.
  const headStyle = useComputed(() => `transform:translateX(${(player.head.value / most) * width.value}px)`);
  const spoken = useComputed(
    () => `${frameToTimecode(model, player.head.value)}, frame ${player.head.value}`,
  );
  return (
    <div
      ref={root}
      class="timeline"
      role="slider"
      tabIndex={0}
      aria-label="Timeline"
      aria-valuemin={0}
      aria-valuemax={model.frames - 1}
      aria-valuenow={player.head}
      aria-valuetext={spoken}
      onPointerEnter={measure}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onPointerLeave={() => {
        hover.value = undefined;
      }}
    >
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas takes no focus; the slider around it speaks */}
      <canvas ref={canvas} aria-hidden="true" />
      <div class="timeline-head" style={headStyle} />
      <Hover {...{ player, hover, width, most, tiles, marks: sorted }} />
    </div>
  );
}

interface HoverProps {
  player: Player;
  hover: ReadonlySignal<number | undefined>;
  width: ReadonlySignal<number>;
  most: number;
  tiles: readonly Tile[];
  marks: readonly Mark[];
}

/** Floats above the timeline: the storyboard's picture, the timecode, and what a mark under the pointer says. */
function Hover({ player, hover: { value: hover }, width: { value: width }, most, tiles, marks }: HoverProps) {
  if (hover === undefined || width === 0) return null;
  const { model } = player;
  const tile = tileAt(tiles, frameToSeconds(model, hover));
  const half = (tile?.width ?? 120) / 2;
  const at = (hover / most) * width;
  const near = nearestMark(marks, hover, (6 / width) * most);
  const left = Math.min(Math.max(at, half), Math.max(half, width - half));
  return (
    <div class="timeline-hover" style={{ transform: `translateX(${left}px) translateX(-50%)` }}>
      {tile && (
        <div
          class="timeline-tile"
          style={{
            width: `${tile.width}px`,
            height: `${tile.height}px`,
            backgroundImage: `url("${tile.url}")`,
            backgroundPosition: `-${tile.x}px -${tile.y}px`,
          }}
        />
      )}
      <span class="numbers">{frameToTimecode(model, hover)}</span>
      {near && <span class="timeline-note ellipsis">{near.label}</span>}
    </div>
  );
}
