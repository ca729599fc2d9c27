import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { LockNotKept, readLock, setLock } from "#core/storage/lock.ts";
import { headObject } from "#core/storage/read.ts";
import { keysOf, openStorage } from "#core/storage/storage.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { eventually } from "#tests/support/eventually.ts";
import { testResources } from "#tests/support/resources.ts";
import { stackEnv } from "#tests/support/stack.ts";
import { openStorageProxy, type StorageFault, type StorageProxy } from "#tests/support/storage-proxy.ts";
import { openAndPut, type Wanted } from "#tests/support/uploads.ts";

const MIB = 1024 * 1024;
/** Small parts, so that a copy has many moments to die in. */
const limits = { singleMaxBytes: 1 * MIB, partBytes: 5 * MIB, parallel: 2 };

let deps: Resources;
/** The same, its storage behind the fault proxy. */
let faulty: Resources;
let proxy: StorageProxy;
let api: Api;
beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
  proxy = await openStorageProxy(deps.config.WASABI_ENDPOINT);
  const config = { ...deps.config, WASABI_ENDPOINT: proxy.url };
  faulty = Object.assign(Object.create(deps) as Resources, {
    promoter: openStorage(config, keysOf(config, "promoter")),
  });
});
beforeEach(() => {
  proxy.seen.length = 0;
  proxy.decide = () => ({ kind: "pass" });
});
afterAll(async () => {
  faulty.promoter.s3.destroy();
  await proxy.close();
  await deps.close();
});

async function promoted(wanted: Wanted = {}) {
  const { uploadId, body } = await openAndPut(api, "editor", wanted);
  const answer = await api.as("editor").post("/promote", { uploadId });
  const { versionId } = answer.body as { versionId: string };
  return { uploadId, versionId, body, staged: `uploads/${uploadId}` };
}

const stateOf = async (versionId: string) => {
  const [row] = await deps.sql<{ state: string; reason: string | null }[]>`
    select state, reason from versions where id = ${versionId}`;
  return row;
};

async function masterIs(
  versionId: string,
  body: Uint8Array,
  mode: "GOVERNANCE" | "COMPLIANCE" = "GOVERNANCE",
) {
  const [row] = await deps.sql`select * from versions where id = ${versionId}`;
  expect(row?.state).toBe("mastered");
  const place = {
    bucket: deps.promoter.buckets.masters,
    key: row?.master_key,
    versionId: row?.master_version_id,
  };
  expect(await headObject(deps.promoter, place)).toMatchObject({ bytes: body.length });
  expect((await readLock(deps.promoter, place))?.mode).toBe(mode);
  const signed = await api.as("editor").post(`/versions/${versionId}/download`);
  const got = Buffer.from(await (await fetch(signed.body.url)).arrayBuffer());
  expect(Buffer.compare(got, body)).toBe(0);
  const jobs = await deps.sql`select 1 from preview_jobs where version_id = ${versionId}`;
  expect(jobs).toHaveLength(1);
}

const isPartCopy = (line: string) => line.includes("x-id=UploadPartCopy");

test.each([
  ["inside the storage", false],
  ["through us, where the storage refuses to copy a stranger's object", true],
])(
  "a copier killed between any two parts is carried on (%s), and no part is copied twice",
  async (_, isRefused) => {
    const { versionId, body } = await promoted({ bytes: 33 * MIB });
    const usual = (line: string): StorageFault =>
      isRefused && isPartCopy(line) ? { kind: "status", status: 403 } : { kind: "pass" };
    const env = {
      ...stackEnv(),
      APP_SECRET: deps.config.APP_SECRET,
      POSTGRES_URL: deps.config.POSTGRES_URL,
      REDIS_URL: deps.config.REDIS_URL,
      WASABI_ENDPOINT: proxy.url,
      LOG_LEVEL: "silent",
    };
    const partsDone = async () =>
      (
        await deps.sql<
          { n: number }[]
        >`select part_number as n from master_copy_parts where version_id = ${versionId}`
      ).map(({ n }) => n);
    let finished = 0;
    for (let round = 1; round <= 3; round++) {
      // After two parts the rest hangs; there it dies.
      let passing = 2;
      proxy.decide = (line) => {
        const fault = usual(line);
        if (fault.kind !== "pass" || !/^PUT .*partNumber=/.test(line)) return fault;
        passing -= 1;
        return passing >= 0 ? { kind: "pass" } : { kind: "hang" };
      };
      const child = Bun.spawn(
        [
          process.execPath,
          join(import.meta.dir, "../support/copier.ts"),
          JSON.stringify(env),
          versionId,
          JSON.stringify(limits),
        ],
        { stdout: "pipe", stderr: "inherit" },
      );
      await eventually(async () => expect((await partsDone()).length).toBeGreaterThanOrEqual(finished + 1), {
        withinMs: 20_000,
      });
      child.kill("SIGKILL");
      await child.exited;
      finished = (await partsDone()).length;
      // Dead processes say nothing: their lease has to lapse, which this test does not wait for.
      expect(await copyToMaster(deps, versionId, { limits })).toBe("busy");
      await deps.sql`update master_copies set lease_until = now() - interval '1 second' where version_id = ${versionId}`;
    }
    proxy.decide = usual;
    const before = new Set(await partsDone());
    const from = proxy.seen.length;
    expect(await copyToMaster(faulty, versionId, { limits })).toBe("mastered");
    const asked = proxy.seen.slice(from).flatMap((line) => /^PUT .*partNumber=(\d+)/.exec(line)?.[1] ?? []);
    expect(asked.filter((part) => before.has(Number(part)))).toEqual([]);
    expect(new Set([...before, ...asked.map(Number)]).size).toBe(Math.ceil(body.length / limits.partBytes));
    const isCarried = (line: string) => /^PUT .*partNumber=/.test(line) && !isPartCopy(line);
    expect(proxy.seen.some(isCarried)).toBe(isRefused);
    await masterIs(versionId, body);
  },
  120_000,
);

test("a copy that finished without telling anyone is recognised, not repeated", async () => {
  for (const bytes of [2000, 33 * MIB]) {
    const { versionId, body } = await promoted({ bytes });
    const isLast = (line: string) =>
      bytes < MIB ? /^PUT \/\S*masters\//.test(line) : /^POST \S*masters\/\S*uploadId=/.test(line);
    proxy.decide = (line) => (isLast(line) ? { kind: "lose-answer" } : { kind: "pass" });
    const stuck = copyToMaster(faulty, versionId, { limits }).catch((error: Error) => error);
    await stuck;
    proxy.decide = () => ({ kind: "pass" });
    await eventually(async () => {
      expect(await copyToMaster(faulty, versionId, { limits })).toMatch(/mastered|over/);
    });
    await masterIs(versionId, body);
  }
}, 120_000);

test("an object that vanished from staging ends with a reason", async () => {
  const { versionId, staged } = await promoted();
  await adminStorage.remove({ bucket: deps.promoter.buckets.staging, key: staged });
  expect(await copyToMaster(deps, versionId)).toBe("refused");
  expect((await stateOf(versionId))?.reason).toContain("Upload it again");
});

test("two copiers at once make one master", async () => {
  const { versionId, body } = await promoted({ bytes: 33 * MIB });
  const outcomes = await Promise.all([1, 2, 3].map(() => copyToMaster(deps, versionId, { limits })));
  expect(outcomes.sort()).toEqual(["busy", "busy", "mastered"]);
  await masterIs(versionId, body);
});

test("a lock that the storage drops in silence is never believed", async () => {
  await deps.sql`update projects set lock_days = 5 where id = ${api.seed.projectId}`;
  try {
    const { versionId, uploadId } = await promoted();
    proxy.decide = (line) => (/^PUT \S*retention/.test(line) ? { kind: "pretend" } : { kind: "pass" });
    for (let attempt = 1; attempt < 4; attempt++) {
      await expect(copyToMaster(faulty, versionId)).rejects.toBeInstanceOf(LockNotKept);
      expect((await stateOf(versionId))?.state).toBe("promoting");
    }
    expect(await copyToMaster(faulty, versionId)).toBe("refused");
    const upload = await api.as("editor").get(`/presign/${uploadId}`);
    expect(upload.body.reason).toContain("does not keep the lock");
    expect((await stateOf(versionId))?.state).toBe("failed");
  } finally {
    await deps.sql`update projects set lock_days = 1 where id = ${api.seed.projectId}`;
  }
});

test("a project that asks for COMPLIANCE gets it, though this storage drops the lock headers of a copy", async () => {
  await deps.sql`update projects set lock_mode = 'COMPLIANCE' where id = ${api.seed.projectId}`;
  try {
    const { versionId, body } = await promoted({ bytes: 3 * MIB });
    expect(await copyToMaster(deps, versionId, { limits })).toBe("mastered");
    await masterIs(versionId, body, "COMPLIANCE");
  } finally {
    await deps.sql`update projects set lock_mode = 'GOVERNANCE' where id = ${api.seed.projectId}`;
  }
});

test("the bucket's default lock alone is not enough: the project's date is set and read back", async () => {
  const { versionId } = await promoted();
  await copyToMaster(deps, versionId);
  const [row] = await deps.sql`select * from versions where id = ${versionId}`;
  const place = {
    bucket: deps.promoter.buckets.masters,
    key: row?.master_key,
    versionId: row?.master_version_id,
  };
  const until = new Date(Date.now() + 3 * 86_400_000);
  expect(
    (await setLock(deps.promoter, place, { mode: "GOVERNANCE", until })).until.getTime(),
  ).toBeGreaterThan(Date.now() + 2 * 86_400_000);
  const sooner = { mode: "GOVERNANCE", until: new Date(Date.now() + 86_400_000) } as const;
  expect((await setLock(deps.promoter, place, sooner)).until.getTime()).toBeGreaterThan(
    Date.now() + 2 * 86_400_000,
  );
});
