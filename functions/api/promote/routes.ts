import { promoted, promoteInput } from "#core/uploads/upload.ts";
import type { ApiFunction } from "#functions/route.ts";

export const promoteFunction: ApiFunction = {
  kind: "api",
  name: "promote",
  routes: [
    {
      method: "POST",
      path: "/promote",
      summary: "Make a version of a complete upload; the same upload always answers the same",
      auth: "actor-or-guest",
      body: promoteInput,
      answer: { status: 202, schema: promoted },
      idempotent: true,
      refusals: [
        "not-found",
        "upload-incomplete",
        "upload-expired",
        "upload-refused",
        "not-media",
        "type-not-allowed",
        "hash-mismatch",
        "infected",
        "conflict",
        "too-slow",
        "storage-full",
      ],
    },
  ],
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
      idempotency_keys: "write",
      projects: "read",
      memberships: "read",
    },
    buckets: { staging: ["put", "get", "list", "delete"] },
    queues: ["masters:copy"],
    redis: true,
  },
};
