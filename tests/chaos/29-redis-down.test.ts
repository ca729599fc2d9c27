import { expect, test } from "bun:test";
import { eventually } from "#tests/support/eventually.ts";
import { ask, sessionCookie } from "./world/ask.ts";
import { judge, startLoad } from "./world/load.ts";
import { inWorld } from "./world/world.ts";

test(
  "Redis is down: sessions fail closed, keys still work without the limiter, the outbox waits, and who is asked to leave leaves",
  () =>
    inWorld({ redis: "own" }, async (world) => {
      await world.api();
      const leaving = await world.api();
      const cookie = await sessionCookie(world);
      await world.redis?.kill("SIGKILL");
      const session = await ask(world, "/session", {
        headers: { cookie, origin: new URL(world.env.PUBLIC_SITE_BASE ?? "").origin },
      });
      expect([session.status, session.ms < 2_000]).toEqual([503, true]);
      leaving.kill("SIGTERM");
      await eventually(() => expect(leaving.isAlive).toBe(false));
      expect(await leaving.exited).toBe(0);
      const load = startLoad(world, { jobs: 20, clients: 2, patienceMs: 20_000 });
      await load.done;
      expect(load.acknowledged.size).toBe(20);
      await world.redis?.start();
      expect(await judge(world, load)).toEqual({ settled: 20, lost: 0, doubled: 0 });
      await eventually(async () => expect((await ask(world, "/readyz")).status).toBe(200));
    }),
  90_000,
);
