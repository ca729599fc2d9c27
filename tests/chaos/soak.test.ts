import { expect, test } from "bun:test";
import { soak } from "./world/soak.ts";

/** `CHAOS_SEED` repeats a run; `CHAOS_MINUTES` makes it the long soak of ten. */
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const minutes = Number(process.env.CHAOS_MINUTES ?? 1);

test(
  `random deaths of every process for ${minutes} min, seed ${seed}: every acknowledged id has one effect`,
  async () => {
    const verdict = await soak({
      seed,
      minutes,
      jobs: 100_000,
      clients: 6,
      say: (line) => console.log(line),
    });
    expect(verdict.settled).toBeGreaterThan(20 * minutes);
    expect(verdict).toMatchObject({ lost: 0, doubled: 0 });
  },
  (minutes + 11) * 60_000,
);
