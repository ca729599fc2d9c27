import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "a relay is killed again and again between moving and committing: every event comes out once",
  () =>
    inWorld({}, async (world) => {
      const accepting = await world.api({ env: { RUSHES_BACKGROUND: "0" } });
      const load = startLoad({ ...world, apis: [accepting] }, { jobs: 600, clients: 6, pauseMs: 5 });
      for (let round = 0; round < 4; round++) {
        const relay = await world.api();
        await pause(150 + Math.random() * 300);
        relay.kill("SIGKILL");
        await relay.exited;
      }
      await load.done;
      await world.api();
      expect(await judge(world, load, { withinMs: 100_000 })).toEqual({ settled: 600, lost: 0, doubled: 0 });
    }),
  150_000,
);
