import type { Trigger } from "#functions/route.ts";

export const deliverWebhooksTrigger: Trigger = {
  kind: "trigger",
  name: "deliver-webhooks",
  wokenBy: { queue: "webhooks:deliver", concurrency: 16, leaseMs: 60_000 },
  touches: {
    tables: { webhook_deliveries: "write", webhook_endpoints: "write", audit_log: "write" },
    queues: ["webhooks:deliver"],
    redis: true,
  },
};
