import { expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "#tests/support/eventually.ts";
import { ask } from "./world/ask.ts";
import { judge, startLoad } from "./world/load.ts";
import { openOwnPostgres } from "./world/own-postgres.ts";
import { inWorld } from "./world/world.ts";

test("the disk of Postgres is full: writing answers 503, reading works, and afterwards all goes on", async () => {
  const postgres = await openOwnPostgres({ diskMb: 220 });
  await inWorld({ postgresUrl: postgres.url }, async (world) => {
    await world.api();
    await world.sql`create table ballast (text text)`;
    const ballast = join(postgres.folder, "ballast");
    await writeFile(ballast, Buffer.alloc(256 << 20)).catch(() => {});
    // Grows until the server itself says that there is no room.
    await eventually(async () => {
      const full =
        await world.sql`insert into ballast select repeat(md5(random()::text), 200) from generate_series(1, 2000)`.then(
          () => undefined,
          (error: { code?: string }) => error.code,
        );
      expect(full).toBe("53100");
    });
    const write = (n: number) =>
      ask(world, "/comments", {
        method: "POST",
        body: { versionId: world.versionId, frame: n, text: `while full ${n}` },
      });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => write(n)));
    for (const { status } of answers) expect([201, 503]).toContain(status);
    expect((await ask(world, `/comments?versionId=${world.versionId}`)).status).toBe(200);
    await rm(ballast, { force: true });
    const load = startLoad(world, { jobs: 40, clients: 4 });
    await load.done;
    expect(await judge(world, load, { withinMs: 100_000 })).toEqual({ settled: 40, lost: 0, doubled: 0 });
  }).finally(() => postgres.end());
}, 180_000);
