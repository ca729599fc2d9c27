import type { Trigger } from "#functions/route.ts";

export const forgetExpiredTrigger: Trigger = {
  kind: "trigger",
  name: "forget-expired",
  wokenBy: { every: "hour", minutes: 60 },
  touches: {
    tables: {
      idempotency_keys: "write",
      webhook_deliveries: "write",
      event_log: "write",
      event_numbers: "write",
    },
  },
};
