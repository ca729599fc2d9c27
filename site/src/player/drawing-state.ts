import { computed, signal } from "@preact/signals";
import type { Shape, Tool } from "../api/types.ts";

export const colors = ["#f2a33a", "#e5645a", "#57b37d", "#6ea8e0", "#ffffff"] as const;
export const colorNames: Record<string, string> = {
  "#f2a33a": "Amber",
  "#e5645a": "Red",
  "#57b37d": "Green",
  "#6ea8e0": "Blue",
  "#ffffff": "White",
};

/** The drawing of the comment being written: tools, what is drawn, and the way back and forth. */
export function createDrawing() {
  const active = signal(false);
  const tool = signal<Tool>("pen");
  const color = signal<string>(colors[0]);
  const width = signal(0.006);
  const shapes = signal<readonly Shape[]>([]);
  const undone = signal<readonly Shape[]>([]);
  return {
    active,
    tool,
    color,
    width,
    shapes,
    canUndo: computed(() => shapes.value.length > 0),
    canRedo: computed(() => undone.value.length > 0),
    add(shape: Shape) {
      shapes.value = [...shapes.value, shape];
      undone.value = [];
    },
    undo() {
      const last = shapes.value.at(-1);
      if (!last) return;
      shapes.value = shapes.value.slice(0, -1);
      undone.value = [...undone.value, last];
    },
    redo() {
      const last = undone.value.at(-1);
      if (!last) return;
      undone.value = undone.value.slice(0, -1);
      shapes.value = [...shapes.value, last];
    },
    clear() {
      active.value = false;
      shapes.value = [];
      undone.value = [];
    },
    restore(from: readonly Shape[]) {
      shapes.value = from;
      undone.value = [];
    },
  };
}
export type DrawingState = ReturnType<typeof createDrawing>;
