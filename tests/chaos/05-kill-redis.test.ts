import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "Redis with its append-only file is killed twice under load: nothing accepted is lost",
  () =>
    inWorld({ redis: "own" }, async (world) => {
      await world.api();
      const load = startLoad(world, { jobs: 400, clients: 8, pauseMs: 20 });
      for (let round = 0; round < 2; round++) {
        await pause(500);
        await world.redis?.kill("SIGKILL");
        await pause(700);
        await world.redis?.start();
      }
      await load.done;
      expect(await judge(world, load, { withinMs: 100_000 })).toEqual({ settled: 400, lost: 0, doubled: 0 });
    }),
  180_000,
);
