import { judge } from "#tests/chaos/world/load.ts";
import { rollingRestart } from "#tests/chaos/world/rolling.ts";
import { soak } from "#tests/chaos/world/soak.ts";
import { inWorld } from "#tests/chaos/world/world.ts";
import type { BenchGroup, Figure } from "./figure.ts";

/** Requests that failed in a rolling restart under load. */
async function rolling(): Promise<Figure> {
  let errors = 0;
  await inWorld({}, async (world) => {
    const load = await rollingRestart(world, 600);
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
