import { expect, test } from "bun:test";
import { openDatabase } from "#core/db/db.ts";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "slow queries do not hold up the fast ones beside them, nor what the product accepts",
  () =>
    inWorld({}, async (world) => {
      await world.api();
      const sql = openDatabase(world.env.POSTGRES_URL ?? "", { pool: 4, name: "slow-beside-fast" });
      await Promise.all(Array.from({ length: 4 }, () => sql`select 1`));
      const load = startLoad(world, { jobs: 40, clients: 2 });
      let isOver = false;
      const slow = Promise.all(Array.from({ length: 2 }, () => sql`select pg_sleep(3)`)).then(() => {
        isOver = true;
      });
      let [fast, late] = [0, 0];
      const client = async () => {
        while (!isOver) {
          const from = performance.now();
          await sql`select id from people limit 1`;
          if (performance.now() - from > 1_500) late += 1;
          else fast += 1;
        }
      };
      // More at once than connections are free: with pipelining on, some are sent after a sleeper and wait for it.
      await Promise.all([slow, ...Array.from({ length: 8 }, client)]);
      expect(fast).toBeGreaterThan(100);
      expect(late).toBe(0);
      await load.done;
      expect(await judge(world, load)).toEqual({ settled: 40, lost: 0, doubled: 0 });
      await sql.end();
    }),
  60_000,
);
