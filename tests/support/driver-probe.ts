/** Asks a pool without a pause while its connections are reset again and again; prints what came of it as JSON. */
import { setTimeout as pause } from "node:timers/promises";
import { openDatabase } from "#core/db/db.ts";
import { openLog } from "#core/telemetry/log.ts";
import { surviveStrayResets } from "#core/telemetry/stray-errors.ts";
import { openFaultProxy } from "./fault-proxy.ts";
import { stackEnv } from "./stack.ts";

surviveStrayResets(openLog("driver-probe", "silent"));
const url = new URL(stackEnv().POSTGRES_URL ?? "");
const proxy = await openFaultProxy({ host: url.hostname, port: Number(url.port) });
url.host = `127.0.0.1:${proxy.port}`;
const sql = openDatabase(url.href, { pool: 4, name: "driver-probe" });
await sql`select 1`;

const counts = { answered: 0, failed: 0, empty: 0 };
for (let who = 0; who < 10; who++) void ask(who);
for (let round = 0; round < 25; round++) {
  await pause(60 + Math.random() * 60);
  await proxy.set("reset");
  await pause(30);
  await proxy.set("none");
}
await pause(500);
const before = counts.answered;
await pause(1_000);
console.log(JSON.stringify({ ...counts, afterwards: counts.answered - before }));
process.exit();

async function ask(who: number): Promise<never> {
  for (;;) {
    const asked =
      who % 2 === 0
        ? sql`select ${who}::int as who`
        : sql.begin(async (tx) => {
            await tx`select 1`;
            return tx`select ${who}::int as who`;
          });
    const rows = await asked.catch(() => undefined);
    if (!rows) {
      counts.failed += 1;
      await pause(5);
    } else if (rows.length === 1) counts.answered += 1;
    else counts.empty += 1;
  }
}
