import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "#tests/support/eventually.ts";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "an endpoint that answers 500, redirects and hangs holds up nobody, and gets everything once it is well",
  () =>
    inWorld({}, async (world) => {
      await world.api();
      const faults = [
        { status: 500 },
        { status: 302, headers: { Location: "http://127.0.0.1:1/" } },
        { hang: true },
      ];
      let load = startLoad(world, { jobs: 0, clients: 1 });
      for (const [index, fault] of faults.entries()) {
        world.receiver.behave(fault);
        load = startLoad(world, { jobs: 10 * (index + 1), clients: 3 });
        await load.done;
        expect(Math.max(...load.latencies)).toBeLessThan(2_000);
        await pause(300);
      }
      world.receiver.behave({ status: 200 });
      // What takes minutes in the schedule of retries is made due now; the state it is in is the product's own.
      const hurry = setInterval(() => {
        world.sql`update webhook_deliveries set next_attempt_at = now() - interval '1 second'
        where state = 'pending' and attempts > 0 and next_attempt_at > now() + interval '1 second'
          and last_error is not null`.catch(() => {});
      }, 1_000);
      expect(await judge(world, load, { withinMs: 100_000 })).toMatchObject({ lost: 0, doubled: 0 });
      clearInterval(hurry);
      world.receiver.behave({ status: 410 });
      const last = startLoad(world, { jobs: 31, clients: 1 });
      await last.done;
      await eventually(async () => {
        const [row] = await world.sql<{ reason: string | null }[]>`
        select disabled_reason as reason from webhook_endpoints where id = ${world.endpointId}`;
        expect(row?.reason).toContain("410");
      });
    }),
  150_000,
);
