import { afterAll, beforeAll, describe, test } from "bun:test";
import { redisAdapter, sqsAdapter } from "./queue-adapters.ts";
import { failureCases } from "./queue-failure-cases.ts";
import { leaseCases } from "./queue-lease-cases.ts";

/** Every adapter runs every case: a case that one of them may skip is no promise of the port. */
const cases = [...leaseCases, ...failureCases];

for (const adapter of [redisAdapter(), sqsAdapter()]) {
  describe(`queue on ${adapter.name}`, () => {
    beforeAll(() => adapter.start());
    afterAll(() => adapter.stop());
    cases.forEach(({ id, title, run }, number) => {
      test.concurrent(`${id} ${title}`, async () => {
        const broker = await adapter.broker(number);
        try {
          await run(broker, adapter);
        } finally {
          await broker.end();
        }
      }, 30_000);
    });
  });
}
