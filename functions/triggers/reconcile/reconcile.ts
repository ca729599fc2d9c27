import { staleCopies } from "#core/assets/stale-copies.ts";
import { staleJobs } from "#core/previews/stale-jobs.ts";
import { reconcile, type Stale } from "#core/queue/reconciler.ts";
import { staleDeliveries } from "#core/webhooks/delivery-store.ts";
import type { OnTick } from "../trigger.ts";

/** Longer than the relay, a lease and a busy minute take together. */
export const STALE_MS = 120_000;

export function everyStale(staleMs: number): Stale[] {
  return [
    { queue: "masters:copy", find: (sql, limit) => staleCopies(sql, staleMs, limit) },
    { queue: "previews:build", find: (sql, limit) => staleJobs(sql, staleMs, limit) },
    { queue: "webhooks:deliver", find: (sql, limit) => staleDeliveries(sql, staleMs, limit) },
  ];
}

/** Repeats the hints of rows that nobody has looked at for minutes. */
export const reconcileStale: OnTick = (deps) => async () => {
  await reconcile(deps, everyStale(STALE_MS));
};
