import { auditEntry, auditQuery, verifiedChain, verifyQuery } from "#core/audit/entry.ts";
import { listOf } from "#core/shape.ts";
import type { ApiFunction } from "#functions/route.ts";

export const auditFunction: ApiFunction = {
  kind: "api",
  name: "audit",
  routes: [
    {
      method: "GET",
      path: "/audit",
      summary: "Read the audit log, newest first",
      auth: "actor",
      query: auditQuery,
      answer: { status: 200, schema: listOf(auditEntry) },
      refusals: ["invalid", "forbidden", "not-found"],
    },
    {
      method: "GET",
      path: "/audit/verify",
      summary: "Walk the hash chain of the audit log",
      auth: "actor",
      query: verifyQuery,
      answer: { status: 200, schema: verifiedChain },
      refusals: ["invalid", "forbidden"],
    },
  ],
  touches: { tables: { audit_log: "read", projects: "read", memberships: "read" }, redis: true },
};
