import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "./world/load.ts";
import { openOwnPostgres } from "./world/own-postgres.ts";
import { inWorld } from "./world/world.ts";

test("Postgres is stopped in the middle of transactions and comes back: nothing accepted is lost, nothing is double", async () => {
  const postgres = await openOwnPostgres();
  await inWorld({ postgresUrl: postgres.url }, async (world) => {
    await world.api();
    const load = startLoad(world, { jobs: 300, clients: 6, pauseMs: 20 });
    for (let round = 0; round < 3; round++) {
      await pause(600);
      await postgres.kill("SIGQUIT");
      await pause(300);
      await postgres.start();
    }
    await load.done;
    expect(await judge(world, load, { withinMs: 150_000 })).toEqual({ settled: 300, lost: 0, doubled: 0 });
  }).finally(() => postgres.end());
}, 240_000);
