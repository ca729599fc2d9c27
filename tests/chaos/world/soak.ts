import { setTimeout as pause } from "node:timers/promises";
import { openRedis } from "#core/db/redis.ts";
import { judge, startLoad, type Verdict } from "./load.ts";
import { hurryReconciler } from "./reconciler.ts";
import { inWorld, type World } from "./world.ts";

export interface SoakOptions {
  /** Repeats the same sequence of faults. */
  seed: number;
  jobs: number;
  clients: number;
  minutes: number;
  say: (line: string) => void;
}

/** Producers, and at random moments the death of an API process or of Redis, until all jobs are done or time is up. */
export async function soak({ seed, jobs, clients, minutes, say }: SoakOptions): Promise<Verdict> {
  let verdict: Verdict | undefined;
  await inWorld({ redis: "own" }, async (world) => {
    say(`seed ${seed}`);
    const random = generator(seed);
    await Promise.all([world.api(), world.api()]);
    const load = startLoad(world, { jobs, clients });
    const calm = hurryReconciler(world);
    const until = performance.now() + minutes * 60_000;
    let isOver = false;
    void load.done.then(() => {
      isOver = true;
    });
    while (!isOver && performance.now() < until) {
      await pause(500 + random() * 2_500);
      const name = await strike(world, random);
      say(`${name}; ${load.acknowledged.size} acknowledged`);
    }
    load.stop();
    await load.done;
    verdict = await judge(world, load, { withinMs: 10 * 60_000 });
    await calm();
  });
  if (!verdict) throw new Error("the soak did not come to a verdict");
  return verdict;
}

async function strike(world: World, random: () => number): Promise<string> {
  const alive = world.apis.filter(({ isAlive }) => isAlive);
  const api = alive[Math.floor(random() * alive.length)];
  const dice = random();
  if (dice < 0.3) {
    api?.kill("SIGKILL");
    await world.api();
    return "an API was killed";
  }
  if (dice < 0.5) {
    api?.kill("SIGTERM");
    await world.api();
    return "an API was asked to leave";
  }
  if (dice < 0.7) {
    api?.kill("SIGSTOP");
    await pause(500 + random() * 1_000);
    api?.kill("SIGCONT");
    return "an API stood still";
  }
  if (dice < 0.85) {
    await world.redis?.kill("SIGKILL");
    await pause(random() * 1_000);
    await world.redis?.start();
    return "Redis was killed";
  }
  const admin = openRedis(world.redisUrl);
  await admin.flushall().catch(() => {});
  admin.disconnect();
  return "Redis was emptied";
}

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
