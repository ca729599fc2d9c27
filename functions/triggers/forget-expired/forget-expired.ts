import { forgetIdempotent } from "#core/auth/idempotency.ts";
import { forgetDeliveries } from "#core/webhooks/delivery-store.ts";
import type { OnTick } from "../trigger.ts";

const BATCH = 1_000;
/** Long enough to answer "did you send it?"; the events themselves stay in the log. */
const DELIVERY_DAYS = 30;

/** What was kept for a time and is over: idempotency keys, and deliveries that came to an end. */
export const forgetExpired: OnTick =
  ({ sql, log }) =>
  async (signal) => {
    const counts = { keys: 0, deliveries: 0 };
    // In batches, so that no statement holds many rows for long.
    for (let gone = BATCH; gone === BATCH && !signal.aborted; counts.keys += gone)
      gone = await forgetIdempotent(sql, BATCH);
    for (let gone = BATCH; gone === BATCH && !signal.aborted; counts.deliveries += gone)
      gone = await forgetDeliveries(sql, DELIVERY_DAYS, BATCH);
    if (counts.keys + counts.deliveries > 0) log.info(counts, "expired rows forgotten");
  };
