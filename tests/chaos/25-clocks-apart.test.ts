import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { readLock } from "#core/storage/lock.ts";
import { signUrl } from "#core/storage/sign.ts";
import { keysOf, openStorage } from "#core/storage/storage.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { shiftClock } from "#tests/support/shift-clock.ts";
import { openAndPut } from "#tests/support/uploads.ts";

let setRight = () => {};
let deps: Resources;
let api: Api;
beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
});
afterEach(() => setRight());
afterAll(() => deps.close());

/** Clients of their own, that have not learned the time yet. */
function fresh(): Resources {
  return Object.assign(Object.create(deps) as Resources, {
    presigner: openStorage(deps.config, keysOf(deps.config, "presigner")),
    promoter: openStorage(deps.config, keysOf(deps.config, "promoter")),
  });
}

test.each([3_600_000, -3_700_000])("signed URLs hold with a clock that is %i ms off", async (ms) => {
  const skewed = fresh();
  setRight = shiftClock(ms);
  const headers = { "content-type": "video/mp4", "content-length": "5" };
  const url = await signUrl(
    skewed.presigner,
    { method: "PUT", bucket: skewed.presigner.buckets.staging, key: `uploads/skew${ms}`, headers },
    600,
  );
  const answer = await fetch(url, { method: "PUT", body: "hello", headers: { "content-type": "video/mp4" } });
  expect(answer.status).toBe(200);
});

test.each([3_600_000, -3_700_000])(
  "a copy by a host that is %i ms off locks by the storage's clock",
  async (ms) => {
    const { uploadId } = await openAndPut(api, "editor");
    const { versionId } = (await api.as("editor").post("/promote", { uploadId })).body;
    await deps.sql`update projects set lock_days = 3 where id = ${api.seed.projectId}`;
    const skewed = fresh();
    setRight = shiftClock(ms);
    // The first words with the storage may be refused for their date; nothing is half done, and the next try passes.
    const outcome = await copyToMaster(skewed, versionId).catch(() => copyToMaster(skewed, versionId));
    setRight();
    expect(outcome).toBe("mastered");
    const [row] = await deps.sql`select master_key, master_version_id from versions where id = ${versionId}`;
    const lock = await readLock(deps.promoter, {
      bucket: deps.promoter.buckets.masters,
      key: row?.master_key,
      versionId: row?.master_version_id,
    });
    expect(Math.abs(Number(lock?.until) - Date.now() - 3 * 86_400_000)).toBeLessThan(60_000);
  },
);
