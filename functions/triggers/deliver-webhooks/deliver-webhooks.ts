import { deliverWebhook } from "#core/webhooks/deliver-webhook.ts";
import { openPlaces } from "#core/webhooks/places.ts";
import type { OnJob } from "../trigger.ts";

/** One attempt of one delivery. A failed attempt is noted in its row, which knows when the next one is due. */
export const deliverWebhooks: OnJob = ({ sql, config, later }) => {
  const deps = { sql, config, later, places: openPlaces() };
  return async (job) => {
    await deliverWebhook(deps, job.id, { signal: job.signal });
  };
};
