import { z } from "zod";
import type { ApiFunction } from "#functions/route.ts";

const check = z.object({ ok: z.boolean(), ms: z.int(), detail: z.string().optional() });

export const readiness = z.object({
  status: z.enum(["ready", "degraded", "not-ready", "stopping"]),
  checks: z.object({ postgres: check, redis: check, storage: check, oidc: check }),
});

export const healthFunction: ApiFunction = {
  kind: "api",
  name: "health",
  routes: [
    {
      method: "GET",
      path: "/healthz",
      summary: "Say that the process lives",
      auth: "none",
      answer: { status: 200, schema: z.object({ status: z.literal("ok") }) },
    },
    {
      method: "GET",
      path: "/readyz",
      summary: "Say whether it can serve, each dependency by name",
      auth: "none",
      answer: { status: 200, schema: readiness },
      refusals: ["unavailable"],
    },
    {
      method: "GET",
      path: "/metrics",
      summary: "Read the metrics in the Prometheus format",
      auth: "none",
      answer: { status: 200, type: "text/plain" },
      refusals: ["unauthenticated"],
    },
    {
      method: "GET",
      path: "/openapi.json",
      summary: "Read this document",
      auth: "none",
      answer: { status: 200, type: "application/json" },
    },
    {
      method: "GET",
      path: "/docs",
      summary: "Read the reference as a page",
      auth: "none",
      answer: { status: 200, type: "text/html" },
    },
    {
      method: "GET",
      path: "/docs/problems",
      summary: "Read what every problem means and its cure",
      auth: "none",
      answer: { status: 200, type: "text/html" },
    },
  ],
  touches: { tables: {}, buckets: { staging: ["list"] }, redis: true },
};
