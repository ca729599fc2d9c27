import { z } from "zod";
import { deadLetter, deadLetterQuery, queueState, redriveInput, redriven } from "#core/queue/dead-letter.ts";
import type { ApiFunction } from "#functions/route.ts";

export const adminFunction: ApiFunction = {
  kind: "api",
  name: "admin",
  routes: [
    {
      method: "GET",
      path: "/admin/queues",
      summary: "Say what each queue holds",
      auth: "actor",
      answer: { status: 200, schema: z.object({ items: z.array(queueState) }) },
      refusals: ["not-found"],
    },
    {
      method: "GET",
      path: "/admin/queues/dead",
      summary: "List dead letters with their reasons",
      auth: "actor",
      query: deadLetterQuery,
      answer: { status: 200, schema: z.object({ items: z.array(deadLetter) }) },
      refusals: ["invalid", "not-found"],
    },
    {
      method: "POST",
      path: "/admin/queues/redrive",
      summary: "Send dead letters again",
      auth: "actor",
      body: redriveInput,
      answer: { status: 200, schema: redriven },
      idempotent: true,
      refusals: ["not-found"],
    },
  ],
  mounts: ["/admin/board"],
  touches: {
    tables: { audit_log: "write" },
    queues: ["previews:build", "masters:copy", "webhooks:deliver", "edge:purge"],
    redis: true,
  },
};
