import type { Trigger } from "#functions/route.ts";

export const purgeEdgesTrigger: Trigger = {
  kind: "trigger",
  name: "purge-edges",
  wokenBy: { queue: "edge:purge", concurrency: 4, leaseMs: 30_000 },
  touches: { tables: { edge_generations: "read", versions: "read" } },
};
