import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "./world/load.ts";
import { freePort } from "./world/port.ts";
import { inWorld } from "./world/world.ts";

test(
  "a rolling restart under load costs no client a single error",
  () =>
    inWorld({}, async (world) => {
      const ports = [await freePort(), await freePort()];
      const running = await Promise.all(ports.map((port) => world.api({ port })));
      // What a balancer does: it sends to who is ready, and readiness turns before the listener closes.
      const balanced = { ...world, apis: [...running] };
      const load = startLoad(balanced, { jobs: 500, clients: 6, pauseMs: 20, isRetrying: false });
      for (const [index, port] of ports.entries()) {
        await pause(300);
        const leaving = running[index];
        if (!leaving) continue;
        leaving.kill("SIGTERM");
        balanced.apis.splice(balanced.apis.indexOf(leaving), 1);
        await leaving.exited;
        balanced.apis.push(await world.api({ port }));
      }
      await load.done;
      expect(Object.fromEntries(load.failures)).toEqual({});
      expect(await judge(world, load)).toEqual({ settled: 500, lost: 0, doubled: 0 });
    }),
  120_000,
);
