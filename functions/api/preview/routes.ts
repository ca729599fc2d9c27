import { z } from "zod";
import { preview } from "#core/assets/asset.ts";
import { recipeSchema } from "#core/previews/recipe.ts";
import { id } from "#core/shape.ts";
import type { ApiFunction } from "#functions/route.ts";

export const requestPreviewInput = z.object({ versionId: id("version"), recipe: recipeSchema.optional() });
const job = z.object({ jobId: id("job") });

export const previewFunction: ApiFunction = {
  kind: "api",
  name: "preview",
  routes: [
    {
      method: "POST",
      path: "/preview",
      summary: "Build a preview again, or try a failed one again",
      auth: "actor",
      body: requestPreviewInput,
      answer: { status: 202, schema: job },
      idempotent: true,
      refusals: ["forbidden", "not-found", "illegal-state"],
    },
    {
      method: "GET",
      path: "/preview/:versionId",
      summary: "Read how far a preview is and where to watch it",
      auth: "actor-or-guest",
      answer: { status: 200, schema: preview },
    },
    {
      method: "POST",
      path: "/preview/jobs/:jobId/cancel",
      summary: "Stop a build",
      auth: "actor",
      answer: { status: 200, schema: job },
      idempotent: true,
      refusals: ["forbidden", "illegal-state"],
    },
  ],
  touches: {
    tables: {
      preview_jobs: "write",
      versions: "write",
      edge_generations: "write",
      outbox: "write",
      audit_log: "write",
      idempotency_keys: "write",
      assets: "read",
      uploads: "read",
      comments: "read",
      projects: "read",
      memberships: "read",
      people: "read",
      api_keys: "write",
      shares: "read",
      share_versions: "read",
      share_visits: "read",
    },
    queues: ["previews:build"],
    redis: true,
  },
};
