import { expect, test } from "bun:test";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "three processes relay at once: each event is numbered once, without gaps, and delivered once",
  () =>
    inWorld({}, async (world) => {
      await Promise.all([world.api(), world.api(), world.api()]);
      const load = startLoad(world, { jobs: 500, clients: 12 });
      await load.done;
      expect(await judge(world, load)).toEqual({ settled: 500, lost: 0, doubled: 0 });
      expect([...world.receiver.times.values()].filter((times) => times !== 1)).toEqual([]);
    }),
  180_000,
);
