import { Circle, MoveUpRight, Pencil, Redo2, Square, Type, Undo2 } from "lucide-preact";
import type { Tool } from "../api/types.ts";
import { colorNames, colors, type DrawingState } from "./drawing-state.ts";
import "./drawing.css";

const tools: { tool: Tool; label: string; icon: typeof Pencil }[] = [
  { tool: "pen", label: "Pen", icon: Pencil },
  { tool: "arrow", label: "Arrow", icon: MoveUpRight },
  { tool: "box", label: "Box", icon: Square },
  { tool: "ellipse", label: "Ellipse", icon: Circle },
  { tool: "text", label: "Text", icon: Type },
];

export function DrawTools({ state }: { state: DrawingState }) {
  return (
    <div class="draw-tools" role="toolbar" aria-label="Drawing tools">
      {tools.map(({ tool, label, icon: Icon }) => (
        <button
          type="button"
          key={tool}
          class="icon-button"
          aria-label={label}
          title={label}
          aria-pressed={state.tool.value === tool}
          onClick={() => {
            state.tool.value = tool;
          }}
        >
          <Icon size={16} strokeWidth={1.5} />
        </button>
      ))}
      <span class="divider" />
      {colors.map((color) => (
        <button
          type="button"
          key={color}
          class="swatch"
          aria-label={colorNames[color]}
          title={colorNames[color]}
          aria-pressed={state.color.value === color}
          style={{ "--swatch": color }}
          onClick={() => {
            state.color.value = color;
          }}
        />
      ))}
      <span class="divider" />
      <button
        type="button"
        class="icon-button"
        aria-label="Undo"
        title="Undo"
        disabled={!state.canUndo.value}
        onClick={state.undo}
      >
        <Undo2 size={16} strokeWidth={1.5} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Redo"
        title="Redo"
        disabled={!state.canRedo.value}
        onClick={state.redo}
      >
        <Redo2 size={16} strokeWidth={1.5} />
      </button>
    </div>
  );
}
