import { setTimeout as pause } from "node:timers/promises";
import { type Load, startLoad } from "./load.ts";
import { freePort } from "./port.ts";
import type { World } from "./world.ts";

/**
 * Replaces each of two API processes once while clients that never try again are at work, behind what a balancer does:
 * it sends to who is ready, and readiness turns before the listener closes. Answers the load when it is done.
 */
export async function rollingRestart(world: World, jobs: number): Promise<Load> {
  const ports = [await freePort(), await freePort()];
  const running = await Promise.all(ports.map((port) => world.api({ port })));
  const balanced = { ...world, apis: [...running] };
  const load = startLoad(balanced, { jobs, clients: 6, pauseMs: 20, isRetrying: false });
  for (const [index, leaving] of running.entries()) {
    await pause(300);
    leaving.kill("SIGTERM");
    balanced.apis.splice(balanced.apis.indexOf(leaving), 1);
    await leaving.exited;
    balanced.apis.push(await world.api({ port: ports[index] ?? 0 }));
  }
  await load.done;
  return load;
}
