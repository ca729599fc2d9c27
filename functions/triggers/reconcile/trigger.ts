import type { Trigger } from "#functions/route.ts";

export const reconcileTrigger: Trigger = {
  kind: "trigger",
  name: "reconcile",
  wokenBy: { every: "minute", minutes: 1 },
  touches: {
    tables: { preview_jobs: "read", versions: "read", master_copies: "read", webhook_deliveries: "read" },
    queues: ["previews:build", "masters:copy", "webhooks:deliver"],
  },
};
