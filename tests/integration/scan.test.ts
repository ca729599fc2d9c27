import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { headObject } from "#core/storage/read.ts";
import { type Api, openApi } from "#tests/support/api.ts";
import { hasClamd, marked, startClamd } from "#tests/support/clamd.ts";
import { testResources } from "#tests/support/resources.ts";
import { clip, openAndPut } from "#tests/support/uploads.ts";

const MIB = 1024 * 1024;
let deps: Resources;
let api: Api;
beforeAll(async () => {
  deps = await testResources();
  api = await openApi(deps);
});
afterAll(() => deps.close());

const scannedBy = (url: string): Resources =>
  Object.assign(Object.create(deps) as Resources, { config: { ...deps.config, AV_SCAN: url } });

/** A file with the marker of the test database in its middle. */
function infected(bytes: number): Buffer {
  const body = clip(bytes);
  marked.copy(body, Math.floor(bytes / 2));
  return body;
}

async function promoted(body: Buffer) {
  const { uploadId } = await openAndPut(api, "editor", { body });
  const { versionId } = (await api.as("editor").post("/promote", { uploadId })).body;
  return { uploadId: uploadId as string, versionId: versionId as string };
}

const uploadOf = async (uploadId: string) => (await api.as("editor").get(`/presign/${uploadId}`)).body;

async function isQuarantined({ uploadId, versionId }: { uploadId: string; versionId: string }, name: string) {
  const upload = await uploadOf(uploadId);
  expect(upload).toMatchObject({ state: "refused", reasonCode: "infected" });
  expect(upload.reason).toContain(name);
  const [version] =
    await deps.sql`select state, reason, master_version_id from versions where id = ${versionId}`;
  expect(version).toEqual({ state: "failed", reason: upload.reason, master_version_id: null });
  const master = { bucket: deps.promoter.buckets.masters, key: `masters/${versionId}` };
  expect(await headObject(deps.promoter, master)).toBeUndefined();
  const staged = { bucket: deps.promoter.buckets.staging, key: `uploads/${uploadId}` };
  expect(await headObject(deps.promoter, staged)).toBeDefined(); // evidence, where no reader's key reaches
  const events = await deps.sql`select 1 from outbox
    where body->>'type' = 'upload.refused' and body->'data'->>'uploadId' = ${uploadId}`;
  expect(events).toHaveLength(1);
  const trail =
    await deps.sql`select detail from audit_log where subject = ${versionId} and action = 'upload.refused'`;
  expect(trail[0]?.detail).toMatchObject({ code: "infected" });
}

test.skipIf(!hasClamd)(
  "a real clamd finds what its database knows, anywhere in the stream",
  async () => {
    const clamd = await startClamd();
    try {
      const scanned = scannedBy(clamd.url);
      const clean = await promoted(clip(20 * MIB));
      expect(await copyToMaster(scanned, clean.versionId)).toBe("mastered");
      for (const bytes of [5000, 20 * MIB]) {
        const bad = await promoted(infected(bytes));
        expect(await copyToMaster(scanned, bad.versionId)).toBe("refused");
        await isQuarantined(bad, "Rushes.Test");
      }
    } finally {
      await clamd.stop();
    }
  },
  60_000,
);

test.skipIf(!hasClamd)(
  "a file beyond the scanner's limit waits and says so, and passes once it is raised",
  async () => {
    const small = await startClamd("1M");
    const { uploadId, versionId } = await promoted(clip(8 * MIB));
    expect(await copyToMaster(scannedBy(small.url), versionId)).toBe("waiting");
    expect((await uploadOf(uploadId)).waiting).toContain("StreamMaxLength");
    await small.stop();
    const raised = await startClamd();
    expect(await copyToMaster(scannedBy(raised.url), versionId)).toBe("mastered");
    expect((await uploadOf(uploadId)).waiting).toBeNull();
    await raised.stop();
  },
  60_000,
);

test("while the scanner is down nothing passes, and nothing is lost", async () => {
  const { uploadId, versionId } = await promoted(clip());
  const down = scannedBy("clamd://127.0.0.1:1");
  for (let i = 0; i < 3; i++) expect(await copyToMaster(down, versionId)).toBe("waiting");
  const upload = await uploadOf(uploadId);
  expect(upload.state).toBe("promoting");
  expect(upload.waiting).toContain("does not answer");
  expect(await copyToMaster(deps, versionId)).toBe("mastered");
});

test("a scanner that goes away in the middle, or calls clean what it has not read, passes nothing", async () => {
  const large = clip(20 * MIB);
  const { uploadId, versionId } = await promoted(large);
  for (const [said, waiting] of [
    ["", "does not answer"],
    ["stream: OK\0", "before it had the whole file"],
  ] as const) {
    const odd = createServer((socket) => {
      socket.on("error", () => {});
      let read = 0;
      socket.on("data", (bytes) => {
        read += bytes.length;
        if (read < MIB) return;
        if (said) socket.write(said);
        else socket.destroy();
      });
    });
    await once(odd.listen(0, "127.0.0.1"), "listening");
    const scanned = scannedBy(`clamd://127.0.0.1:${(odd.address() as AddressInfo).port}`);
    expect(await copyToMaster(scanned, versionId)).toBe("waiting");
    expect((await uploadOf(uploadId)).waiting).toContain(waiting);
    odd.close();
  }
  const hasty = createServer((socket) => {
    socket.on("error", () => {});
    const body = '{"clean": true}';
    socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
  });
  await once(hasty.listen(0, "127.0.0.1"), "listening");
  const scanned = scannedBy(`http://127.0.0.1:${(hasty.address() as AddressInfo).port}/`);
  expect(await copyToMaster(scanned, versionId)).toBe("waiting");
  hasty.close();
  expect(await copyToMaster(deps, versionId)).toBe("mastered");
}, 60_000);

test("an HTTP scanner is asked with the whole file, and only a plain verdict counts", async () => {
  const seen: { bytes: number; name: string | null }[] = [];
  let answer = () => Response.json({ clean: true });
  const hook = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = Buffer.from(await request.arrayBuffer());
      seen.push({ bytes: body.length, name: request.headers.get("x-rushes-name") });
      if (body.includes(marked)) return Response.json({ clean: false, found: "Marker/A" });
      return answer();
    },
  });
  const scanned = scannedBy(`http://127.0.0.1:${hook.port}/scan`);
  try {
    const bad = await promoted(infected(9 * MIB));
    expect(await copyToMaster(scanned, bad.versionId)).toBe("refused");
    await isQuarantined(bad, "Marker/A");
    expect(seen[0]).toEqual({ bytes: 9 * MIB, name: "clip.mp4" });

    const good = await promoted(clip());
    const odd = [
      () => new Response("fine", { status: 200 }),
      () => Response.json({ clean: "yes" }),
      () => new Response(null, { status: 500 }),
      () => new Response(null, { status: 302, headers: { location: "http://127.0.0.1:1/" } }),
    ];
    for (const reply of odd) {
      answer = reply;
      expect(await copyToMaster(scanned, good.versionId)).toBe("waiting");
    }
    answer = () => Response.json({ clean: true });
    expect(await copyToMaster(scanned, good.versionId)).toBe("mastered");
  } finally {
    await hook.stop(true);
  }
}, 120_000);
