import type { Trigger } from "#functions/route.ts";

/** Edges that were down when the queue told them, and edges that wait for the log after a start. */
export const keepEdgesCurrentTrigger: Trigger = {
  kind: "trigger",
  name: "keep-edges-current",
  wokenBy: { every: "minute", minutes: 1 },
  touches: { tables: { edge_generations: "read" } },
};
