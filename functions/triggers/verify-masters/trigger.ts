import type { Trigger } from "#functions/route.ts";

export const verifyMastersTrigger: Trigger = {
  kind: "trigger",
  name: "verify-masters",
  wokenBy: { every: "five minutes", minutes: 5 },
  touches: {
    tables: {
      versions: "write",
      edge_generations: "write",
      verifications: "write",
      custody_manifests: "write",
      preview_jobs: "write",
      outbox: "write",
      audit_log: "write",
      projects: "read",
      people: "read",
    },
    buckets: { masters: ["get"], docs: ["put"] },
  },
};
