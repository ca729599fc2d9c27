import { afterAll, beforeAll, expect, test } from "bun:test";
import { inTransaction } from "#core/db/db.ts";
import type { Resources } from "#core/resources.ts";
import { testResources } from "#tests/support/resources.ts";

let resources: Resources;
beforeAll(async () => {
  resources = await testResources({ POSTGRES_POOL: "4" });
});
afterAll(() => resources.close());

test("a transaction is never sent behind another's query, however many wait", async () => {
  const { sql } = resources;
  await Promise.all(Array.from({ length: 50 }, () => sql`select ${1}::int as i`));
  const work: Promise<number>[] = [];
  for (let i = 0; i < 200; i++) {
    work.push((async () => (await sql`select ${i}::int as i`)[0]?.i as number)());
    work.push(
      inTransaction(sql, async (tx) => {
        const [first] = await tx`select txid_current() as id, ${i}::int as i`;
        const [second] = await tx`select txid_current() as id, ${i}::int as i`;
        expect(second).toEqual(first);
        return first?.i as number;
      }),
    );
    // In waves, so that connections are found idle, busy and taken.
    if (i % 7 === 0) await new Promise((done) => setTimeout(done, 1));
  }
  expect(await Promise.all(work)).toEqual(Array.from({ length: 400 }, (_, i) => Math.floor(i / 2)));
});

test("slow queries do not hold up fast ones while a connection is free", async () => {
  const { sql } = resources;
  await Promise.all(Array.from({ length: 4 }, () => sql`select 1`));
  const slow = Array.from({ length: 3 }, () => sql`select pg_sleep(0.6)`.execute());
  const from = performance.now();
  for (let i = 0; i < 20; i++) await sql`select 1`;
  expect(performance.now() - from).toBeLessThan(300);
  await Promise.all(slow);
});
