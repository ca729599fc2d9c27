import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "#tests/chaos/world/load.ts";
import { freePort } from "#tests/chaos/world/port.ts";
import { soak } from "#tests/chaos/world/soak.ts";
import { inWorld } from "#tests/chaos/world/world.ts";
import type { BenchGroup, Figure } from "./figure.ts";

/** Requests that failed while each of two processes is replaced once under load, behind what a balancer does. */
async function rolling(): Promise<Figure> {
  let errors = 0;
  await inWorld({}, async (world) => {
    const ports = [await freePort(), await freePort()];
    const running = await Promise.all(ports.map((port) => world.api({ port })));
    const balanced = { ...world, apis: [...running] };
    const load = startLoad(balanced, { jobs: 600, clients: 6, pauseMs: 20, isRetrying: false });
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
    errors = [...load.failures.values()].reduce((sum, count) => sum + count, 0);
    await judge(world, load, { withinMs: 5 * 60_000 });
  });
  return { id: "rolling.client_errors", value: errors, unit: "", target: 0, better: "lower" };
}

export const group: BenchGroup = {
  needs: "servers",
  async measure(say) {
    const verdict = await soak({ seed: 20_251, jobs: 5_000, clients: 12, minutes: 10, say });
    say(`${verdict.settled} acknowledged`);
    return [
      { id: "chaos.acknowledged", value: verdict.settled, unit: "", target: 5_000, better: "higher" },
      { id: "chaos.lost", value: verdict.lost, unit: "", target: 0, better: "lower" },
      { id: "chaos.doubled", value: verdict.doubled, unit: "", target: 0, better: "lower" },
      await rolling(),
    ];
  },
};
