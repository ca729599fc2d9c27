import type { StoryboardPlan } from "./plan.ts";

function timestamp(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const part = (value: number, width: number) => String(value).padStart(width, "0");
  return `${part(Math.floor(ms / 3_600_000), 2)}:${part(Math.floor(ms / 60_000) % 60, 2)}:${part(Math.floor(ms / 1000) % 60, 2)}.${part(ms % 1000, 3)}`;
}

/** The WebVTT that maps time to a tile of a sprite sheet. URLs are relative to it. */
export function storyboardVtt(plan: StoryboardPlan, durationSeconds: number, sheets: number): string {
  const perSheet = plan.columns * plan.rows;
  const interval = plan.every.den / plan.every.num;
  const count = Math.max(1, Math.min(sheets * perSheet, Math.ceil(durationSeconds / interval - 1e-6)));
  const cues = Array.from({ length: count }, (_, tile) => {
    const place = tile % perSheet;
    const x = (place % plan.columns) * plan.width;
    const y = Math.floor(place / plan.columns) * plan.height;
    const end =
      tile === count - 1 ? Math.max(durationSeconds, tile * interval + 0.001) : (tile + 1) * interval;
    const sheet = `sprite_${String(Math.floor(tile / perSheet)).padStart(3, "0")}.jpg`;
    return `${timestamp(tile * interval)} --> ${timestamp(end)}\n${sheet}#xywh=${x},${y},${plan.width},${plan.height}\n`;
  });
  return `WEBVTT\n\n${cues.join("\n")}`;
}
