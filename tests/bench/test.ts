import { openClone } from "./dev/clone.ts";
import type { BenchGroup } from "./figure.ts";

/** All suites from a fresh clone, its npm packages included; a failing suite fails the measurement. */
export const group: BenchGroup = {
  needs: "nothing",
  async measure(say) {
    const { call, close } = await openClone();
    try {
      const { seconds, output } = await call(["make", "test"]);
      say(`${seconds.toFixed(0)} s, ${output.trimEnd().split("\n").at(-1)}`);
      return [{ id: "test.total_s", value: seconds, unit: "s", target: 900, better: "lower" }];
    } finally {
      await close();
    }
  },
};
