import { afterEach, expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { readLock } from "#core/storage/lock.ts";
import { keysOf, openStorage } from "#core/storage/storage.ts";
import { openApi } from "#tests/support/api.ts";
import { eventually } from "#tests/support/eventually.ts";
import { shiftClock } from "#tests/support/shift-clock.ts";
import { openAndPut } from "#tests/support/uploads.ts";
import { ask, sessionCookie } from "./world/ask.ts";
import { inIntake } from "./world/intake.ts";
import { judge, startLoad } from "./world/load.ts";
import { openOwnPostgres } from "./world/own-postgres.ts";
import { faketime, openWallClock } from "./world/wall-clock.ts";
import { inWorld } from "./world/world.ts";

let setRight = () => {};
afterEach(() => setRight());

/** Clients of their own, that have not learned the time yet. */
const fresh = (deps: Resources): Resources =>
  Object.assign(Object.create(deps) as Resources, {
    presigner: openStorage(deps.config, keysOf(deps.config, "presigner")),
    promoter: openStorage(deps.config, keysOf(deps.config, "promoter")),
  });

test.each([3_600_000, -3_700_000])(
  "with a clock that is %i ms off signed URLs hold, and a copy locks by the storage's clock",
  (ms) =>
    inIntake(async ({ deps, api: { seed } }) => {
      await deps.sql`update projects set lock_days = 3 where id = ${seed.projectId}`;
      const api = await openApi(fresh(deps), seed);
      setRight = shiftClock(ms);
      const { uploadId } = await openAndPut(api, "editor");
      const { versionId } = (await api.as("editor").post("/promote", { uploadId })).body;
      const copier = fresh(deps);
      // The first words with the storage may be refused for their date; nothing is half done, and the next try passes.
      const outcome = await copyToMaster(copier, versionId).catch(() => copyToMaster(copier, versionId));
      setRight();
      expect(outcome).toBe("mastered");
      const [row] =
        await deps.sql`select master_key, master_version_id from versions where id = ${versionId}`;
      const lock = await readLock(deps.promoter, {
        bucket: deps.promoter.buckets.masters,
        key: row?.master_key,
        versionId: row?.master_version_id,
      });
      expect(Math.abs(Number(lock?.until) - Date.now() - 3 * 86_400_000)).toBeLessThan(60_000);
    }),
  60_000,
);

test.skipIf(!faketime)(
  "the wall clock of the machine steps back by an hour and forth by a day under load: nothing waits, is lost or is done twice",
  async () => {
    const clock = await openWallClock();
    const postgres = await openOwnPostgres({ env: clock.env });
    await inWorld({ postgresUrl: postgres.url }, async (world) => {
      await world.api({ env: clock.env });
      const cookie = await sessionCookie(world);
      const load = startLoad(world, { jobs: 100_000, clients: 4, pauseMs: 60 });
      for (const seconds of [-0.05, -3_600, 0, 86_400, 0]) {
        await clock.set(seconds);
        const before = load.acknowledged.size;
        await eventually(() => expect(load.acknowledged.size).toBeGreaterThan(before + 5));
        await eventually(async () => expect((await ask(world, "/readyz")).status).toBe(200));
        const headers = { cookie, origin: new URL(world.env.PUBLIC_SITE_BASE ?? "").origin };
        expect((await ask(world, "/session", { headers })).status).toBe(200);
      }
      load.stop();
      await load.done;
      expect(await judge(world, load)).toMatchObject({ lost: 0, doubled: 0 });
    }).finally(async () => {
      await postgres.end();
      await clock.end();
    });
  },
  180_000,
);
