import { expect, test } from "bun:test";
import { setTimeout as pause } from "node:timers/promises";
import { judge, startLoad } from "./world/load.ts";
import { proxied } from "./world/proxied.ts";
import { inWorld } from "./world/world.ts";

test("every connection to Postgres and to Redis is reset again and again under load: nothing accepted is lost", async () => {
  const { options, proxies, end } = proxied();
  await inWorld(options, async (world) => {
    await world.api();
    const load = startLoad(world, { jobs: 300, clients: 6, pauseMs: 20 });
    for (let round = 0; round < 6; round++) {
      await pause(250);
      const proxy = round % 2 === 0 ? proxies.postgres : proxies.redis;
      await proxy?.set("reset");
      await pause(80);
      await proxy?.set("none");
    }
    await load.done;
    expect(await judge(world, load, { withinMs: 100_000 })).toEqual({ settled: 300, lost: 0, doubled: 0 });
  }).finally(end);
}, 150_000);
