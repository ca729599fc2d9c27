import { expect, test } from "bun:test";
import { eventually } from "#tests/support/eventually.ts";
import { ask, sessionCookie } from "./world/ask.ts";
import { judge, startLoad } from "./world/load.ts";
import { proxied } from "./world/proxied.ts";
import { inWorld } from "./world/world.ts";

test("a black hole before Postgres makes 503 with Retry-After within two seconds, and it recovers by itself", async () => {
  const { options, proxies, end } = proxied();
  await inWorld(options, async (world) => {
    await world.api();
    const read = () => ask(world, `/comments?versionId=${world.versionId}`);
    expect((await read()).status).toBe(200);
    await proxies.postgres?.set("hole");
    const answers = await Promise.all(Array.from({ length: 40 }, read));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(2_000);
    expect(answers.every(({ retryAfter }) => Number(retryAfter) > 0)).toBe(true);
    const later = await read();
    expect([later.status, later.ms < 500]).toEqual([503, true]);
    await proxies.postgres?.set("none");
    await eventually(async () => expect((await read()).status).toBe(200), { withinMs: 5_000 });
    const load = startLoad(world, { jobs: 50, clients: 4 });
    await load.done;
    expect(await judge(world, load)).toEqual({ settled: 50, lost: 0, doubled: 0 });
  }).finally(end);
}, 60_000);

test("a black hole before Redis: what needs no session goes on, and work flows again afterwards", async () => {
  const { options, proxies, end } = proxied();
  await inWorld(options, async (world) => {
    await world.api();
    const cookie = await sessionCookie(world);
    await proxies.redis?.set("hole");
    const posted = await ask(world, "/comments", {
      method: "POST",
      body: { versionId: world.versionId, frame: 1, text: "while Redis is away" },
    });
    expect(posted.status).toBe(201);
    expect(posted.ms).toBeLessThan(2_000);
    const session = await ask(world, "/session", {
      headers: { cookie, origin: new URL(world.env.PUBLIC_SITE_BASE ?? "").origin },
    });
    expect(session.status).toBe(503);
    expect(session.ms).toBeLessThan(2_000);
    await proxies.redis?.set("none");
    const load = startLoad(world, { jobs: 50, clients: 4 });
    await load.done;
    expect(await judge(world, load)).toEqual({ settled: 50, lost: 0, doubled: 0 });
  }).finally(end);
}, 60_000);
