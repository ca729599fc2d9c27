import { forgetIdempotent } from "#core/auth/idempotency.ts";
import { forgetEvents } from "#core/events/log.ts";
import { forgetDeliveries } from "#core/webhooks/delivery-store.ts";
import type { OnTick } from "../trigger.ts";

const BATCH = 1_000;
/** Long enough to answer "did you send it?". */
const DELIVERY_DAYS = 30;

/** What was kept for a time and is over: idempotency keys, deliveries that came to an end, and events. */
export const forgetExpired: OnTick =
  ({ sql, log, config }) =>
  async (signal) => {
    const counts = { keys: 0, deliveries: 0, events: 0 };
    // In batches, so that no statement holds many rows for long.
    for (let gone = BATCH; gone === BATCH && !signal.aborted; counts.keys += gone)
      gone = await forgetIdempotent(sql, BATCH);
    for (let gone = BATCH; gone === BATCH && !signal.aborted; counts.deliveries += gone)
      gone = await forgetDeliveries(sql, DELIVERY_DAYS, BATCH);
    for (let gone = BATCH; gone === BATCH && !signal.aborted; counts.events += gone)
      gone = await forgetEvents(sql, config.EVENT_LOG_DAYS, BATCH);
    if (counts.keys + counts.deliveries + counts.events > 0) log.info(counts, "expired rows forgotten");
  };
