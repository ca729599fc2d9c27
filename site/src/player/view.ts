import { signal } from "@preact/signals";
import { recall, remember } from "../ui/remember.ts";

export type Fit = "fit" | "actual" | "free";
export type Counting = "timecode" | "frames" | "seconds";

export const aspects = [
  { name: "2.39 : 1", ratio: 2.39 },
  { name: "1.85 : 1", ratio: 1.85 },
  { name: "16 : 9", ratio: 16 / 9 },
  { name: "4 : 3", ratio: 4 / 3 },
  { name: "1 : 1", ratio: 1 },
  { name: "4 : 5", ratio: 4 / 5 },
  { name: "9 : 16", ratio: 9 / 16 },
] as const;

/** How the picture is looked at: size and place, guides over it, how positions are counted. */
export function createView() {
  const fit = signal<Fit>("fit");
  const zoom = signal(1);
  const offset = signal({ x: 0, y: 0 });
  const counting = signal<Counting>(recall<Counting>("counting", "timecode"));
  return {
    fit,
    zoom,
    offset,
    counting,
    safeAreas: signal(false),
    aspect: signal<number | undefined>(undefined),
    meters: signal(false),
    drawings: signal(true),
    set(next: Fit, scale = 1) {
      fit.value = next;
      zoom.value = Math.min(8, Math.max(0.25, scale));
      if (next !== "free") offset.value = { x: 0, y: 0 };
    },
    zoomBy(factor: number) {
      const next = Math.min(8, Math.max(0.25, zoom.value * factor));
      fit.value = Math.abs(next - 1) < 0.02 ? "fit" : "free";
      zoom.value = fit.value === "fit" ? 1 : next;
      if (fit.value === "fit") offset.value = { x: 0, y: 0 };
    },
    count(next: Counting) {
      counting.value = next;
      remember("counting", next);
    },
  };
}
export type View = ReturnType<typeof createView>;
