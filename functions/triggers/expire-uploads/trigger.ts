import type { Trigger } from "#functions/route.ts";

export const expireUploadsTrigger: Trigger = {
  kind: "trigger",
  name: "expire-uploads",
  wokenBy: { every: "two minutes", minutes: 2 },
  touches: {
    tables: {
      uploads: "write",
      assets: "write",
      versions: "write",
      edge_generations: "write",
      master_copies: "write",
      project_storage: "write",
      outbox: "write",
      audit_log: "write",
      projects: "read",
    },
    buckets: { staging: ["put", "get", "list", "delete"] },
    queues: ["masters:copy"],
  },
};
