import type { Trigger } from "#functions/route.ts";

export const copyToMastersTrigger: Trigger = {
  kind: "trigger",
  name: "copy-to-masters",
  wokenBy: { queue: "masters:copy", concurrency: 4, leaseMs: 60_000 },
  touches: {
    tables: {
      versions: "write",
      edge_generations: "write",
      uploads: "write",
      master_copies: "write",
      master_copy_parts: "write",
      preview_jobs: "write",
      project_storage: "write",
      outbox: "write",
      audit_log: "write",
      projects: "read",
    },
    buckets: {
      staging: ["get", "delete", "list"],
      masters: ["put", "get", "list", "lock", "read-lock"],
    },
    queues: ["previews:build"],
    redis: true,
  },
};
