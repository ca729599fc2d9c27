import { expect, test } from "bun:test";
import { judge } from "./world/load.ts";
import { rollingRestart } from "./world/rolling.ts";
import { inWorld } from "./world/world.ts";

test(
  "a rolling restart under load costs no client a single error",
  () =>
    inWorld({}, async (world) => {
      const load = await rollingRestart(world, 500);
      expect(Object.fromEntries(load.failures)).toEqual({});
      expect(await judge(world, load)).toEqual({ settled: 500, lost: 0, doubled: 0 });
    }),
  120_000,
);
