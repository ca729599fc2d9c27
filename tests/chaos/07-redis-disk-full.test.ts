import { expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "./world/load.ts";
import { hurryReconciler } from "./world/reconciler.ts";
import { inWorld } from "./world/world.ts";

test(
  "the disk of Redis is full for a while: requests that were accepted have their effect",
  () =>
    inWorld({ redis: { diskMb: 16 } }, async (world) => {
      await world.api();
      const load = startLoad(world, { jobs: 300, clients: 6, pauseMs: 30 });
      await pause(300);
      const ballast = join(world.redis?.folder ?? "", "ballast");
      await writeFile(ballast, Buffer.alloc(32 << 20)).catch(() => {});
      await pause(1_500);
      await rm(ballast, { force: true });
      await load.done;
      const calm = hurryReconciler(world);
      expect(await judge(world, load, { withinMs: 100_000 })).toEqual({ settled: 300, lost: 0, doubled: 0 });
      await calm();
    }),
  180_000,
);
