import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lifelineOf, openDatabase, type Pool } from "#core/db/db.ts";
import { eventually } from "#tests/support/eventually.ts";
import { type FaultProxy, openFaultProxy } from "#tests/support/fault-proxy.ts";
import { stackEnv } from "#tests/support/stack.ts";

let proxy: FaultProxy;
let sql: Pool;

beforeAll(async () => {
  const url = new URL(stackEnv().POSTGRES_URL ?? "");
  proxy = await openFaultProxy({ host: url.hostname, port: Number(url.port) });
  url.host = `127.0.0.1:${proxy.port}`;
  sql = openDatabase(url.href, { pool: 4, name: "lifeline-test" });
  await sql`select 1`;
});

afterAll(async () => {
  await proxy.set("none");
  await sql.end({ timeout: 1 });
  await proxy.close();
});

const timed = async (work: Promise<unknown>) => {
  const from = performance.now();
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { ms: performance.now() - from, failure };
};

describe("a pool whose server falls silent", () => {
  test("fails its queries within two seconds and recovers by itself", async () => {
    await proxy.set("hole");
    const all = await Promise.all(Array.from({ length: 12 }, () => timed(sql`select 1`.execute())));
    const running = all.slice(0, 4);
    for (const { ms, failure } of running) {
      expect(failure).toBeDefined();
      expect(ms).toBeLessThan(2_000);
    }
    expect(lifelineOf(sql)?.isDown).toBe(true);
    await proxy.set("none");
    const from = performance.now();
    await eventually(async () => expect(await sql`select 1 as one`).toEqual([{ one: 1 }] as never));
    expect(performance.now() - from).toBeLessThan(4_000);
    await eventually(() => expect(lifelineOf(sql)?.isDown).toBe(false));
    const after = await Promise.all(
      Array.from({ length: 20 }, () => timed(sql`select pg_sleep(0.01)`.execute())),
    );
    expect(after.filter(({ failure }) => failure !== undefined)).toHaveLength(0);
  }, 30_000);

  test("tells a slow query from a dead server", async () => {
    const { failure } = await timed(sql`select pg_sleep(3)`.execute());
    expect(failure).toBeUndefined();
    expect(lifelineOf(sql)?.isDown).toBe(false);
  }, 10_000);

  test("survives resets and refusals", async () => {
    for (const fault of ["reset", "refuse"] as const) {
      await proxy.set(fault);
      const { failure, ms } = await timed(sql`select 1`.execute());
      expect(failure).toBeDefined();
      expect(ms).toBeLessThan(2_000);
      await proxy.set("none");
      await eventually(async () => expect(await sql`select 1`).toHaveLength(1));
    }
  }, 20_000);
});
