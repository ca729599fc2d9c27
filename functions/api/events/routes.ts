import { leadInput, streamQuery } from "#core/events/event.ts";
import type { ApiFunction } from "#functions/route.ts";

export const eventsFunction: ApiFunction = {
  kind: "api",
  name: "events",
  routes: [
    {
      method: "GET",
      path: "/events",
      summary: "Follow a project: server-sent events, resumed with Last-Event-ID",
      auth: "actor-or-guest",
      query: streamQuery,
      answer: { status: 200, type: "text/event-stream" },
      refusals: ["invalid", "not-found"],
    },
    {
      method: "POST",
      path: "/events/lead",
      summary: "Lead a shared session: tell who follows where the play head is",
      auth: "actor-or-guest",
      body: leadInput,
      answer: { status: 204 },
      refusals: ["forbidden", "not-found"],
    },
  ],
  touches: {
    tables: {
      event_log: "read",
      event_numbers: "read",
      projects: "read",
      memberships: "read",
      versions: "read",
      shares: "read",
      share_versions: "read",
    },
    redis: true,
  },
};
