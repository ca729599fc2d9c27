import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { openRedis } from "#core/db/redis.ts";
import { findOrphans } from "#core/doctor/examine.ts";
import { newId } from "#core/id.ts";
import { inIntake } from "./world/intake.ts";
import { judge, startLoad } from "./world/load.ts";
import { binaries } from "./world/own-postgres.ts";
import { hurryReconciler } from "./world/reconciler.ts";
import { inWorld } from "./world/world.ts";

/** A backup of the database as an administrator makes one; answers how to go back to it. */
async function backUp(url: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "rushes-backup-"));
  const dump = join(folder, "dump");
  const run = async (tool: string, ...args: string[]) => {
    const child = Bun.spawn([join(await binaries(), tool), ...args], { stderr: "pipe" });
    if ((await child.exited) !== 0)
      throw new Error(`${tool} failed: ${await new Response(child.stderr).text()}`);
  };
  await run("pg_dump", "-Fc", "-f", dump, url);
  return async () => {
    await run("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", "-d", url, dump);
    await rm(folder, { recursive: true });
  };
}

test("Postgres goes back to a backup with work in flight, Redis knows other rows: the reconciler converges", async () => {
  await inWorld({ redis: "own" }, async (world) => {
    const first = await world.api();
    world.receiver.behave({ status: 500 });
    const load = startLoad(world, { jobs: 60, clients: 4 });
    await load.done;
    const goBack = await backUp(world.env.POSTGRES_URL ?? "");
    const [inFlight] = await world.sql<{ n: number }[]>`
      select (select count(*) from webhook_deliveries where state = 'pending')::int
        + (select count(*) from outbox)::int as n`;
    expect(inFlight?.n).toBeGreaterThan(0);
    const late = startLoad(world, { jobs: 70, clients: 4 });
    await late.done;
    first.kill("SIGKILL");
    await first.exited;
    await goBack();
    expect(await world.sql`select 1 from comments`).toHaveLength(60);
    const redis = openRedis(world.redisUrl);
    await redis.flushall();
    for (let i = 0; i < 20; i++) {
      const body = JSON.stringify({ v: 1, id: newId("delivery") });
      await redis.xadd("webhooks:deliver", "*", "k", "x", "b", body, "a", "0", "e", "0", "r", "");
    }
    redis.disconnect();
    world.receiver.behave({});
    await world.sql`update webhook_deliveries set next_attempt_at = now() - interval '1 hour' where state = 'pending'`;
    await world.api();
    const calm = hurryReconciler(world);
    expect(await judge(world, load)).toEqual({ settled: 60, lost: 0, doubled: 0 });
    await calm();
  });
}, 120_000);

test("masters that a restored database does not know are named", async () => {
  await inIntake(async ({ deps, promoted }) => {
    const kept = await promoted();
    expect(await copyToMaster(deps, kept.versionId)).toBe("mastered");
    const goBack = await backUp(deps.config.POSTGRES_URL);
    const after = await promoted();
    expect(await copyToMaster(deps, after.versionId)).toBe("mastered");
    await goBack();
    const named: string[] = [];
    for await (const { bucket, key } of findOrphans(deps, 0)) if (bucket === "masters") named.push(key);
    expect(named.some((key) => key.includes(after.versionId))).toBe(true);
    expect(named.some((key) => key.includes(kept.versionId))).toBe(false);
  });
}, 120_000);
