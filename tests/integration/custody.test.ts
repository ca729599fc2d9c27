import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { openDigest } from "#core/custody/digest.ts";
import { purgeVersion } from "#core/custody/purge-version.ts";
import { verifyMaster } from "#core/custody/verify-master.ts";
import type { Resources } from "#core/resources.ts";
import { readHold, readLock } from "#core/storage/lock.ts";
import { headObject } from "#core/storage/read.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { testResources } from "#tests/support/resources.ts";
import { openAndPut, type Wanted } from "#tests/support/uploads.ts";
import { sweep } from "#triggers/sweep/sweep.ts";
import type { TriggerDeps } from "#triggers/trigger.ts";
import { verifyMasters } from "#triggers/verify-masters/verify-masters.ts";

let deps: Resources;
let api: Api;
beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
});
afterAll(() => deps.close());

async function mastered(wanted: Wanted = {}, sent: { xxh128?: string } = {}) {
  const { uploadId, body } = await openAndPut(api, "editor", wanted);
  const promoted = await api.as("editor").post("/promote", { uploadId, ...sent });
  const { versionId, assetId } = promoted.body as { versionId: string; assetId: string };
  expect(await copyToMaster(deps, versionId)).toBe("mastered");
  const [row] = await deps.sql<{ key: string; storageVersionId: string }[]>`
    select master_key as key, master_version_id as "storageVersionId" from versions where id = ${versionId}`;
  const place = {
    bucket: deps.promoter.buckets.masters,
    key: row?.key ?? "",
    versionId: row?.storageVersionId ?? "",
  };
  return { uploadId, versionId, assetId, body, place };
}

const days = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString();

test("custody shows the lock as the storage has it, and the chain of events", async () => {
  const { versionId, uploadId, place } = await mastered({ manifest: { camera: "Alexa 35", reel: "A001" } });
  const custody = await api.as("viewer").get(`/versions/${versionId}/custody`);
  expect(custody.status).toBe(200);
  const lock = await readLock(deps.promoter, place);
  expect(custody.body).toMatchObject({
    versionId,
    storage: { key: place.key, versionId: place.versionId },
    lock: { mode: "GOVERNANCE", until: lock?.until.toISOString() },
    legalHold: { on: false, reason: null, placedBy: null },
    manifest: { camera: "Alexa 35", reel: "A001" },
  });
  expect(custody.body.chain.map(({ action }: { action: string }) => action)).toEqual([
    "version.created",
    "version.mastered",
  ]);
  expect(custody.body.chain[0]).toMatchObject({
    actor: { kind: "person", id: api.seed.people.editor.id, name: "editor" },
    detail: { uploadId },
  });
  expect((await api.as("outsider").get(`/versions/${versionId}/custody`)).status).toBe(404);
  expect((await api.bearing(undefined).get(`/versions/${versionId}/custody`)).status).toBe(401);
});

test("a master that the storage lost is said to be missing, keeps its record, and cannot be changed", async () => {
  const { versionId, place } = await mastered();
  const manager = api.as("manager");
  const before = await manager.get(`/versions/${versionId}/custody`);
  await adminStorage.remove(place);
  const custody = await manager.get(`/versions/${versionId}/custody`);
  expect(custody.status).toBe(200);
  expect(custody.body.storage).toEqual({ ...before.body.storage, missing: true });
  expect(custody.body.lock).toMatchObject({ mode: "GOVERNANCE", until: before.body.lock.until });
  expect(custody.body.chain).toEqual(before.body.chain);
  for (const [path, body] of [
    ["legal-hold", { on: true, reason: "proof" }],
    ["retention", { until: days(30) }],
  ] as const) {
    const answer = await manager.post(`/versions/${versionId}/${path}`, body);
    expect([answer.status, answer.body.type]).toEqual([409, expect.stringContaining("#illegal-state")]);
    expect(answer.body.detail).toContain("does not have this master");
  }
  // The recorded lock still counts: nothing becomes free by being lost.
  expect((await manager.del(`/versions/${versionId}`)).body.type).toContain("#locked");
});

test("a lock is extended, never shortened", async () => {
  const { versionId, place } = await mastered();
  const until = days(20);
  const longer = await api.as("manager").post(`/versions/${versionId}/retention`, { until });
  expect(longer.status).toBe(200);
  expect(longer.body.lock.until.slice(0, 19)).toBe(until.slice(0, 19));
  const lock = await readLock(deps.promoter, place);
  expect(Math.abs(Number(lock?.until) - Date.parse(until))).toBeLessThan(1000);
  const shorter = await api.as("manager").post(`/versions/${versionId}/retention`, { until: days(10) });
  expect(shorter.status).toBe(409);
  expect(shorter.body.detail).toContain("never shortened");
  expect(await readLock(deps.promoter, place)).toEqual(lock);
  for (const who of ["editor", "reviewer", "viewer"] as const)
    expect((await api.as(who).post(`/versions/${versionId}/retention`, { until: days(30) })).status).toBe(
      403,
    );
  expect((await api.as("manager").post(`/versions/${versionId}/retention`, { until: "soon" })).status).toBe(
    400,
  );
});

test("a hold needs a manager and a reason; releasing it needs another manager", async () => {
  const { versionId, place } = await mastered();
  const hold = (who: "editor" | "manager" | "secondManager", body: object) =>
    api.as(who).post(`/versions/${versionId}/legal-hold`, body);
  expect((await hold("editor", { on: true, reason: "x" })).status).toBe(403);
  expect((await hold("manager", { on: true, reason: " " })).status).toBe(400);
  const placed = await hold("manager", { on: true, reason: "Case 4711" });
  expect(placed.body.legalHold).toEqual({ on: true, reason: "Case 4711", placedBy: "manager" });
  expect(await readHold(deps.promoter, place)).toBe(true);
  const own = await hold("manager", { on: false, reason: "over" });
  expect(own.status).toBe(403);
  expect(own.body.detail).toContain("second manager");
  expect(await readHold(deps.promoter, place)).toBe(true);
  const removal = await api.as("manager").del(`/versions/${versionId}`, "*");
  expect(removal.status).toBe(409);
  expect(removal.body.detail).toContain("Case 4711");
  const released = await hold("secondManager", { on: false, reason: "Case closed" });
  expect(released.body.legalHold.on).toBe(false);
  expect(await readHold(deps.promoter, place)).toBe(false);
  const events = await deps.sql`select body->>'type' as type from outbox
    where body->'data'->>'versionId' = ${versionId} and body->>'type' like 'hold.%' order by id`;
  expect(events.map(({ type }) => type)).toEqual(["hold.placed", "hold.released"]);
});

test("a locked version is not deleted by anyone; afterwards its bytes go and the trail stays", async () => {
  const { versionId, assetId, place } = await mastered({ bytes: 3000 });
  const refused = await api.as("manager").del(`/versions/${versionId}`, "*");
  expect(refused.status).toBe(409);
  const lock = await readLock(deps.promoter, place);
  expect(refused.body.detail).toContain(lock?.until.toISOString());
  expect((await api.as("editor").del(`/versions/${versionId}`, "*")).status).toBe(403);
  // Its own tag is taken; that of another state is not.
  const tag = (await api.as("manager").get(`/versions/${versionId}`)).headers.get("etag") ?? "";
  await deps.sql`update versions set state = 'building' where id = ${versionId}`;
  expect((await api.as("manager").del(`/versions/${versionId}`, tag)).status).toBe(412);
  expect((await api.as("manager").del(`/versions/${versionId}`)).status).toBe(409);
  expect(await headObject(deps.promoter, place)).toMatchObject({ bytes: 3000 });

  await adminStorage.unlock(place);
  const [before] =
    await deps.sql`select used_bytes from project_storage where project_id = ${api.seed.projectId}`;
  expect((await api.as("manager").del(`/versions/${versionId}`, "*")).status).toBe(204);
  expect(await headObject(deps.promoter, place)).toBeUndefined();
  const [after] =
    await deps.sql`select used_bytes from project_storage where project_id = ${api.seed.projectId}`;
  expect(before?.used_bytes - after?.used_bytes).toBe(3000);
  expect((await api.as("manager").get(`/versions/${versionId}/custody`)).status).toBe(404);
  const trail = await deps.sql`select action from audit_log where subject = ${versionId} order by seq`;
  expect(trail.map(({ action }) => action)).toEqual([
    "version.created",
    "version.mastered",
    "version.deleted",
    "version.purged",
  ]);
  const [asset] = await deps.sql`select current_version_id from assets where id = ${assetId}`;
  expect(asset?.current_version_id).toBeNull();
  expect(await purgeVersion(deps, versionId)).toBe(false);
});

test("downloads are for editors, for reviewers where the project allows it, and keep the name", async () => {
  const { versionId, body } = await mastered({ name: 'Ein "Test" – 試写.mp4' });
  const signed = await api.as("editor").post(`/versions/${versionId}/download`);
  expect(signed.status).toBe(200);
  const got = await fetch(signed.body.url);
  expect(got.status).toBe(200);
  expect(Buffer.from(await got.arrayBuffer()).equals(body)).toBe(true);
  expect(got.headers.get("content-disposition")).toContain("filename*=UTF-8''Ein%20_Test_%20%E2%80%93%20");
  expect((await api.as("viewer").post(`/versions/${versionId}/download`)).status).toBe(403);
  expect((await api.as("reviewer").post(`/versions/${versionId}/download`)).status).toBe(403);
  expect((await api.as("outsider").post(`/versions/${versionId}/download`)).status).toBe(404);
  await deps.sql`update projects set reviewers_may_download = true where id = ${api.seed.projectId}`;
  expect((await api.as("reviewer").post(`/versions/${versionId}/download`)).status).toBe(200);
  await deps.sql`update projects set reviewers_may_download = false where id = ${api.seed.projectId}`;
});

test("the first full read writes generation 1, each verification another, all named by the chain", async () => {
  const { versionId, body } = await mastered({ name: "A001 <take> & 2.mp4" });
  const early = await api.as("viewer").get(`/versions/${versionId}/custody/mhl`);
  expect(early.status).toBe(409);
  const digest = await openDigest();
  digest.update(body);
  const hashes = digest.finish();
  expect(await verifyMaster(deps, versionId, "request")).toEqual({ isIntact: true, fault: null });
  expect(await verifyMaster(deps, versionId, "schedule")).toEqual({ isIntact: true, fault: null });
  const custody = await api.as("viewer").get(`/versions/${versionId}/custody`);
  expect(custody.body.hashes).toMatchObject(hashes);
  expect(custody.body.generations.map(({ generation }: { generation: number }) => generation)).toEqual([
    1, 2,
  ]);
  const first = await api.as("viewer").get(`/versions/${versionId}/custody/mhl?generation=1`);
  expect(first.text).toContain(`<c4 action="original"`);
  expect(first.text).toContain(hashes.c4);
  expect(first.text).toContain("A001 _take_ &amp; 2.mp4");
  const second = await api.as("viewer").get(`/versions/${versionId}/custody/mhl`);
  expect(second.text).toContain(`<xxh128 action="verified"`);
  const chain = await api.as("viewer").get(`/versions/${versionId}/custody/mhl/chain`);
  expect([...chain.text.matchAll(/sequencenr="(\d)"/g)].map(([, n]) => n)).toEqual(["1", "2"]);
  expect((await api.as("viewer").get(`/versions/${versionId}/custody/mhl?generation=9`)).status).toBe(404);
});

test.each([
  ["SHA-256", { sha256: "a".repeat(64) }, {}],
  ["XXH128", { xxh128: "a".repeat(32) }, {}],
  ["XXH128 at promote", {}, { xxh128: "a".repeat(32) }],
])("a master that is not what was announced by %s is set apart, with an event", async (_, opened, sent) => {
  const { versionId } = await mastered(opened, sent);
  const { hashes } = (await api.as("viewer").get(`/versions/${versionId}/custody`)).body;
  expect([hashes.client, hashes.clientXxh128]).toContain(Object.values({ ...opened, ...sent })[0]);
  const found = await verifyMaster(deps, versionId, "schedule");
  expect(found?.isIntact).toBe(false);
  const [row] = await deps.sql`select state, reason_code, reason from versions where id = ${versionId}`;
  expect(row).toMatchObject({ state: "failed", reason_code: "master-mismatch" });
  const events = await deps.sql`select 1 from outbox
    where body->>'type' = 'master.mismatch' and body->'data'->>'versionId' = ${versionId}`;
  expect(events).toHaveLength(1);
});

test("asking for a check puts the master in front", async () => {
  const { versionId } = await mastered();
  expect((await api.as("editor").post(`/versions/${versionId}/verify`)).status).toBe(403);
  expect((await api.as("manager").post(`/versions/${versionId}/verify`)).status).toBe(202);
  const [row] = await deps.sql`select verify_asked_at from versions where id = ${versionId}`;
  expect(row?.verify_asked_at).toBeInstanceOf(Date);
});

test("verify-masters reads what is due, first what was asked for, never faster than allowed", async () => {
  const asked = await mastered({ bytes: 4_000_000 });
  const due = await mastered();
  const recent = await mastered();
  await api.as("manager").post(`/versions/${asked.versionId}/verify`);
  await deps.sql`update versions set created_at = now() - interval '31 days' where id = ${due.versionId}`;
  const paced = Object.assign(Object.create(deps) as TriggerDeps, {
    config: { ...deps.config, VERIFY_BYTES_PER_SECOND: 4_000_000 },
  });
  const from = performance.now();
  await verifyMasters(paced)(new AbortController().signal);
  expect(performance.now() - from).toBeGreaterThan(950);
  const rows = await deps.sql<{ id: string }[]>`
    select version_id as id from verifications
    where version_id in (${asked.versionId}, ${due.versionId}, ${recent.versionId}) order by at`;
  expect(rows.map(({ id }) => id)).toEqual([asked.versionId, due.versionId]);
  const { body } = await api.as("viewer").get(`/versions/${asked.versionId}/custody`);
  expect(body.verifiedAt).not.toBeNull();
  expect(body.chain.map(({ action }: { action: string }) => action)).toContain("master.hashed");
});

test("a deleted asset keeps its bytes for a day of grace, then they go with previews and quota", async () => {
  const { versionId, assetId, place } = await mastered({ bytes: 7000 });
  const refused = await api.as("manager").del(`/assets/${assetId}`);
  expect([refused.status, refused.body.type]).toEqual([409, expect.stringContaining("locked")]);
  await adminStorage.unlock(place);
  await deps.sql`update versions set lock_until = now() - interval '1 second' where id = ${versionId}`;
  const shown = { bucket: deps.custodian.buckets.previews, key: `assets/${versionId}/job_1.1/master.m3u8` };
  await adminStorage.put(shown, Buffer.from("#EXTM3U"));
  expect((await api.as("manager").del(`/assets/${assetId}`)).status).toBe(204);
  const round = () => sweep(deps as TriggerDeps)(new AbortController().signal);
  await round();
  expect(await headObject(deps.promoter, place)).toBeDefined();
  await deps.sql`update versions set deleted_at = now() - interval '25 hours' where id = ${versionId}`;
  const used = async () =>
    (
      await deps.sql<{ used: number }[]>`
      select used_bytes as used from project_storage where project_id = ${api.seed.projectId}`
    )[0]?.used ?? 0;
  const before = await used();
  await round();
  expect(await headObject(deps.promoter, place)).toBeUndefined();
  expect(await adminStorage.exists(shown)).toBe(false);
  expect(before - (await used())).toBe(7000);
  const purges = await deps.sql`select 1 from outbox where topic = 'edge:purge' and key = ${versionId}`;
  expect(purges.length).toBeGreaterThanOrEqual(1);
});
