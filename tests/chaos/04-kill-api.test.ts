import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "two APIs are killed in turn under load: clients that repeat their request lose nothing",
  () =>
    inWorld({}, async (world) => {
      await Promise.all([world.api(), world.api()]);
      const load = startLoad(world, { jobs: 400, clients: 8, pauseMs: 20 });
      for (let round = 0; round < 3; round++) {
        await pause(400);
        world.apis.find(({ isAlive }) => isAlive)?.kill("SIGKILL");
        await world.api();
      }
      await load.done;
      expect(await judge(world, load)).toEqual({ settled: 400, lost: 0, doubled: 0 });
    }),
  120_000,
);
