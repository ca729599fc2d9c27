import type { Trigger } from "#functions/route.ts";

export const sweepTrigger: Trigger = {
  kind: "trigger",
  name: "sweep",
  wokenBy: { every: "minute", minutes: 1 },
  touches: {
    tables: {
      uploads: "write",
      versions: "write",
      preview_jobs: "write",
      edge_generations: "write",
      project_storage: "write",
      custody_manifests: "write",
      outbox: "write",
      audit_log: "write",
      projects: "read",
      people: "read",
    },
    buckets: {
      staging: ["delete"],
      masters: ["delete"],
      previews: ["list", "delete"],
      docs: ["put", "get"],
    },
    queues: ["edge:purge"],
  },
};
