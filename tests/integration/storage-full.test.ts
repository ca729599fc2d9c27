import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { makeBuckets } from "#dev/buckets.ts";
import { limitBucket } from "#dev/ceph.ts";
import { openInstance } from "#dev/instance.ts";
import { everyFunction } from "#functions/apps.ts";
import { copyToMasters } from "#functions/triggers/copy-to-masters/copy-to-masters.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { seedKey } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import { clip, open, openAndPut, put, putParts } from "#tests/support/uploads.ts";

const MIB = 1024 * 1024;
const names = {
  staging: "rushes-full-staging",
  masters: "rushes-full-masters",
  previews: "rushes-full-previews",
  docs: "rushes-full-docs",
};

let deps: Resources;
let api: Api;
beforeAll(async () => {
  await makeBuckets(adminStorage.s3, names, { site: "http://localhost", days: 120, lockMode: "GOVERNANCE" });
  deps = await testResources({
    BUCKET_STAGING: names.staging,
    BUCKET_MASTERS: names.masters,
    BUCKET_PREVIEWS: names.previews,
    BUCKET_DOCS: names.docs,
  });
  api = await openApi(deps);
});
afterAll(async () => {
  await limit("staging", 1024 * MIB);
  await limit("masters", 1024 * MIB);
  await deps.close();
});

/** The real storage refuses what would make the bucket larger than this. */
async function limit(bucket: keyof typeof names, bytes: number): Promise<void> {
  await limitBucket(await openInstance("test", { claim: [] }), names[bucket], bytes);
}

const uploadOf = async (uploadId: string) => (await api.as("editor").get(`/presign/${uploadId}`)).body;

test("a master for which there is no room waits, says why, and is made when there is room", async () => {
  const { uploadId, body } = await openAndPut(api, "editor", { bytes: 3 * MIB });
  const { versionId } = (await api.as("editor").post("/promote", { uploadId })).body;
  for (const limits of [undefined, { singleMaxBytes: MIB, partBytes: 5 * MIB, parallel: 2 }]) {
    await limit("masters", 1);
    expect(await copyToMaster(deps, versionId, limits ? { limits } : {})).toBe("waiting");
    expect(await uploadOf(uploadId)).toMatchObject({
      state: "promoting",
      waiting: expect.stringContaining("storage is full"),
    });
  }
  const job = { id: versionId, attempt: 1, traceparent: undefined, signal: AbortSignal.timeout(60_000) };
  const handedBack = copyToMasters(deps)({ ...job, extend: async () => "ok" });
  await expect(handedBack).rejects.toMatchObject({ name: "HandBack" });

  await limit("masters", 1024 * MIB);
  expect(await copyToMaster(deps, versionId)).toBe("mastered");
  expect(await uploadOf(uploadId)).toMatchObject({ state: "promoted", waiting: null });
  const signed = await api.as("editor").post(`/versions/${versionId}/download`);
  const got = Buffer.from(await (await fetch(signed.body.url)).arrayBuffer());
  expect(Buffer.compare(got, body)).toBe(0);
});

test("a storage that has no room to put parts together is a problem of its own, and nothing is lost", async () => {
  const body = clip(33 * MIB);
  const opened = await open(api, "editor", { bytes: body.length });
  await putParts(api, "editor", opened, body);
  const full = Object.assign(new Error("no room"), {
    name: "XMinioStorageFull",
    $metadata: { httpStatusCode: 507 },
  });
  const send = deps.promoter.s3.send.bind(deps.promoter.s3);
  deps.promoter.s3.send = (async () => Promise.reject(full)) as never;
  const refused = await api.as("editor").post("/promote", { uploadId: opened.uploadId });
  deps.promoter.s3.send = send;
  expect(refused.status).toBe(507);
  expect(refused.body.type).toEndWith("#storage-full");
  expect((await api.as("editor").post("/promote", { uploadId: opened.uploadId })).status).toBe(202);
});

test("the command line says that the storage is full, and the same call goes on when it is not", async () => {
  const key = await seedKey(deps, api.seed.people.editor.id, ["manage"]);
  const gateway = everyFunction(deps);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => gateway.fetch(request, {}),
  });
  const folder = mkdtempSync(join(tmpdir(), "rushes-full-"));
  const upload = async () => {
    const child = Bun.spawn(
      [
        ...[process.execPath, join(import.meta.dir, "../../cli/rushes.ts"), "upload", join(folder, "a.mp4")],
        ...["--project", api.seed.projectId, "--wait", "accepted", "--json"],
      ],
      {
        env: {
          ...process.env,
          RUSHES_API: `http://127.0.0.1:${server.port}/api`,
          RUSHES_API_KEY: key,
          XDG_STATE_HOME: folder,
        },
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    const said = (await new Response(child.stdout).text()).trim().split("\n");
    return { code: await child.exited, last: JSON.parse(said.at(-1) ?? "{}") };
  };
  try {
    const body = clip(40 * MIB);
    writeFileSync(join(folder, "a.mp4"), body);
    await limit("staging", MIB);
    const refused = await upload();
    expect(refused.last).toMatchObject({ event: "error", code: "storage-full" });
    expect(refused.last.message).toContain("storage is full");
    expect(refused.code).toBe(4);
    await limit("staging", 1024 * MIB);
    const done = await upload();
    expect(done.last).toMatchObject({
      event: "uploaded",
      sha256: createHash("sha256").update(body).digest("hex"),
    });
    const opened = await deps.sql`select 1 from uploads where bytes = ${body.length} and name = 'a.mp4'`;
    expect(opened).toHaveLength(1);
  } finally {
    await limit("staging", 1024 * MIB);
    await server.stop(true);
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a whole file for which there is no room is refused by the storage, and can be sent later", async () => {
  const body = clip(2 * MIB);
  const { uploadId, put: target } = await open(api, "editor", { bytes: body.length });
  await limit("staging", 1);
  await expect(put(target?.url ?? "", body, target?.headers)).rejects.toThrow("QuotaExceeded");
  await limit("staging", 1024 * MIB);
  await put(target?.url ?? "", body, target?.headers);
  expect((await api.as("editor").post("/promote", { uploadId })).status).toBe(202);
});
