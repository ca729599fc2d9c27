import { useRef, useState } from "preact/hooks";
import type { Shape } from "../api/types.ts";
import { focusNow } from "../ui/focus-now.ts";
import type { DrawingState } from "./drawing-state.ts";

/** Units per picture height; shapes are stored relative to the picture and scaled here. */
const unit = 1000;

/** Shapes over the picture; while drawing, it takes the pointer. */
export function DrawingLayer({
  ratio,
  shapes,
  state,
}: {
  ratio: number;
  shapes: readonly Shape[];
  state?: DrawingState | undefined;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const [pending, setPending] = useState<Shape>();
  const [typing, setTyping] = useState<[number, number]>();
  const active = state?.active.value ?? false;
  const at = (event: PointerEvent): [number, number] => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return [0, 0];
    const round = (value: number) => Math.round(Math.min(1.4, Math.max(-0.4, value)) * 1e4) / 1e4;
    return [round((event.clientX - box.left) / box.width), round((event.clientY - box.top) / box.height)];
  };
  const begin = (event: PointerEvent) => {
    if (!active || !state || event.button !== 0) return;
    event.preventDefault();
    if (state.tool.value === "text") {
      setTyping(at(event));
      return;
    }
    svg.current?.setPointerCapture(event.pointerId);
    setPending({
      tool: state.tool.value,
      color: state.color.value,
      width: state.width.value,
      points: [at(event)],
    });
  };
  const move = (event: PointerEvent) => {
    if (!pending) return;
    const point = at(event);
    const first = pending.points[0] ?? point;
    const points: [number, number][] =
      pending.tool === "pen" ? [...pending.points, point].slice(0, 2000) : [first, point];
    setPending({ ...pending, points });
  };
  const end = () => {
    if (!pending || !state) return;
    if (pending.points.length > 1) state.add(pending);
    setPending(undefined);
  };
  const all = pending ? [...shapes, pending] : shapes;
  return (
    <>
      <svg
        ref={svg}
        class={`drawing-layer${active ? " active" : ""}`}
        viewBox={`0 0 ${ratio * unit} ${unit}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={all.length ? `Drawing with ${all.length} shapes` : "Drawing area"}
        aria-hidden={all.length === 0 && !active}
        onPointerDown={begin}
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={() => setPending(undefined)}
      >
        {all.map((shape, index) => (
          <ShapeView key={index} shape={shape} ratio={ratio} />
        ))}
      </svg>
      {typing && state && (
        <input
          class="drawing-text numbers"
          aria-label="Text on the picture"
          maxLength={500}
          ref={focusNow}
          style={{ left: `${typing[0] * 100}%`, top: `${typing[1] * 100}%`, color: state.color.value }}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Enter") event.currentTarget.blur();
            if (event.key === "Escape") setTyping(undefined);
          }}
          onBlur={(event) => {
            const text = event.currentTarget.value.trim();
            if (text)
              state.add({
                tool: "text",
                color: state.color.value,
                width: state.width.value,
                points: [typing],
                text,
              });
            setTyping(undefined);
          }}
        />
      )}
    </>
  );
}

function ShapeView({ shape, ratio }: { shape: Shape; ratio: number }) {
  const points = shape.points.map(([x, y]) => [x * ratio * unit, y * unit] as const);
  const [a = [0, 0], b = a] = [points[0], points.at(-1)];
  const stroke = {
    stroke: shape.color,
    "stroke-width": shape.width * unit,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    fill: "none",
  } as const;
  switch (shape.tool) {
    case "pen":
      return <path d={smooth(points)} {...stroke} />;
    case "box":
      return (
        <rect
          x={Math.min(a[0], b[0])}
          y={Math.min(a[1], b[1])}
          width={Math.abs(a[0] - b[0])}
          height={Math.abs(a[1] - b[1])}
          {...stroke}
        />
      );
    case "ellipse":
      return (
        <ellipse
          cx={(a[0] + b[0]) / 2}
          cy={(a[1] + b[1]) / 2}
          rx={Math.abs(a[0] - b[0]) / 2}
          ry={Math.abs(a[1] - b[1]) / 2}
          {...stroke}
        />
      );
    case "arrow": {
      const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
      const head = Math.max(20, shape.width * unit * 4);
      const wing = (turn: number) =>
        `${b[0] - head * Math.cos(angle + turn)},${b[1] - head * Math.sin(angle + turn)}`;
      return (
        <path d={`M${a[0]},${a[1]}L${b[0]},${b[1]}M${wing(0.5)}L${b[0]},${b[1]}L${wing(-0.5)}`} {...stroke} />
      );
    }
    case "text":
      return (
        <text
          x={a[0]}
          y={a[1]}
          fill={shape.color}
          font-size={Math.max(28, shape.width * unit * 7)}
          font-weight="600"
          paint-order="stroke"
          stroke="rgb(0 0 0 / 0.55)"
          stroke-width="5"
          dominant-baseline="hanging"
        >
          {shape.text}
        </text>
      );
  }
}

/** A freehand line through the middles of its samples, so that a quick stroke has no corners. */
function smooth(points: readonly (readonly [number, number])[]): string {
  const first = points[0];
  if (!first) return "";
  let path = `M${first[0]},${first[1]}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [here, next] = [points[i], points[i + 1]];
    if (here && next) path += `Q${here[0]},${here[1]} ${(here[0] + next[0]) / 2},${(here[1] + next[1]) / 2}`;
  }
  const last = points.at(-1) ?? first;
  return `${path}L${last[0]},${last[1]}`;
}
