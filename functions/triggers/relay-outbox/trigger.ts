import { queueNames } from "#core/queue/port.ts";
import type { Trigger } from "#functions/route.ts";

/** Each call relays until its time is up; calls that overlap share the work. */
export const relayOutboxTrigger: Trigger = {
  kind: "trigger",
  name: "relay-outbox",
  wokenBy: { every: "minute", minutes: 1 },
  touches: {
    tables: {
      outbox: "write",
      event_log: "write",
      event_numbers: "write",
      webhook_endpoints: "read",
      webhook_deliveries: "write",
    },
    queues: queueNames,
    redis: true,
  },
};
