import type { Sql } from "../db/db.ts";
import { hintOf } from "./hint.ts";
import type { QueueName } from "./port.ts";
import type { Queues } from "./relay.ts";
import type { RunnerLog } from "./run-trigger.ts";

/** Rows that should have been looked at long ago, by the queue that carries their hints. */
export interface Stale {
  queue: QueueName;
  find(sql: Sql, limit: number): Promise<string[]>;
}

const LIMIT = 1_000;

/**
 * Hints again at rows whose hint was lost: with Redis emptied or restored, with a worker that died holding it.
 * A queue that holds as many messages as there are stale rows is merely behind, and is left to catch up: repeating
 * its hints every round would pile up work that finds nothing to do. Answers how many hints were sent.
 */
export async function reconcile(
  { sql, queues, log }: { sql: Sql; queues: Queues; log: RunnerLog },
  stale: readonly Stale[],
): Promise<number> {
  let sent = 0;
  for (const { queue, find } of stale) {
    const ids = await find(sql, LIMIT);
    if (ids.length === 0) continue;
    const { ready } = await queues[queue].stats();
    if (ready >= ids.length) continue;
    await queues[queue].enqueue(ids.map((id) => ({ key: id, body: hintOf(id) })));
    log.warn({ queue, count: ids.length }, "hints were lost and are repeated");
    sent += ids.length;
  }
  return sent;
}
