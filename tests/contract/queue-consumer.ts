/** A worker to be killed: takes jobs in batches, does them one by one, prints each id that it has done, then settles it. */
import { setTimeout as pause } from "node:timers/promises";
import { openQueue, type QueueConfig } from "#core/queue/open-queue.ts";

const config: QueueConfig = JSON.parse(process.argv[2] ?? "");
const queue = openQueue(config, "previews:build", { leaseMs: 2_000, maxAttempts: 5 });
for (;;) {
  for (const delivery of await queue.receive({ max: 10, waitMs: 1_000 })) {
    await pause(2);
    process.stdout.write(`${delivery.body.id}\n`);
    await delivery.ack();
  }
}
