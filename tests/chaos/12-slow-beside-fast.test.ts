import { expect, test } from "bun:test";
import { openDatabase } from "#core/db/db.ts";
import { inWorld } from "./world/world.ts";

test(
  "two slow queries do not hold up the fast ones beside them",
  () =>
    inWorld({}, async (world) => {
      const sql = openDatabase(world.env.POSTGRES_URL ?? "", { pool: 4, name: "slow-beside-fast" });
      await Promise.all(Array.from({ length: 4 }, () => sql`select 1`));
      const slow = [sql`select pg_sleep(1)`.execute(), sql`select pg_sleep(1)`.execute()];
      const times: number[] = [];
      while (times.length < 200) {
        const from = performance.now();
        await sql`select id from people limit 1`;
        times.push(performance.now() - from);
      }
      await Promise.all(slow);
      times.sort((a, b) => a - b);
      // With pipelining on, some of them wait half a second behind a sleeper.
      expect(times[198]).toBeLessThan(150);
      await sql.end();
    }),
  30_000,
);
