import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Upload } from "@aws-sdk/lib-storage";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { removeObject } from "#core/storage/remove.ts";
import { everyFunction } from "#functions/apps.ts";
import { seedKey, seedPeople } from "#tests/support/people.ts";
import { testResources } from "#tests/support/resources.ts";
import type { BenchGroup, Figure } from "./figure.ts";
import { measureHash } from "./upload/browser-hash.ts";
import { MIB, makeFile, openSender, PARALLEL, type Sender, seconds, speedLeft } from "./upload/measure.ts";
import { measureMemory } from "./upload/memory.ts";
import { measurePresign } from "./upload/presign.ts";
import { measurePromote } from "./upload/promote.ts";

const UPLOAD_MIB = 512;
const ROUNDS = 5;
const PART_BYTES = 16 * MIB;

/** How much of the bare storage's speed is left after everything we do around it. Ratios of one run. */
export const group: BenchGroup = {
  needs: "servers",
  async measure(say) {
    const deps = await testResources();
    try {
      const seed = await seedPeople(deps);
      const key = await seedKey(deps, seed.people.editor.id, ["manage"]);
      const presign = await measurePresign(deps, key, seed.projectId, say);
      const bytes = await measureBytes(deps, key, seed.projectId, say);
      return [presign, ...bytes, await measureMemory(deps, key, seed.projectId, say)];
    } finally {
      await deps.close();
    }
  },
};

/** What travels: from the disk to staging by the CLI and by a browser, and from there to a locked master. */
async function measureBytes(
  deps: Resources,
  key: string,
  projectId: string,
  say: (line: string) => void,
): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "rushes-bench-"));
  const gateway = everyFunction(deps);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => gateway.fetch(request, {}),
  });
  const sender = openSender(`http://127.0.0.1:${server.port}/api`, key, projectId);
  try {
    const path = join(folder, "bench.mov");
    await makeFile(path, UPLOAD_MIB);
    const upload = await measureUpload(deps, sender, path, say);
    const promote = await measurePromote(deps, sender, path, say);
    return [upload, promote, ...(await measureHash(deps, path, say))];
  } finally {
    sender.close();
    await server.stop(true);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The CLI through the API (hash included) against the SDK's own multipart upload of the same file. */
async function measureUpload(
  deps: Resources,
  sender: Sender,
  path: string,
  say: (line: string) => void,
): Promise<Figure> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const place = { bucket: deps.promoter.buckets.staging, key: `bench/${newId("upload")}` };
    // Taking turns, so that whatever else the machine does falls on both.
    bare.push(
      await seconds(() =>
        new Upload({
          client: deps.promoter.s3,
          params: {
            Bucket: place.bucket,
            Key: place.key,
            Body: createReadStream(path, { highWaterMark: 4 * MIB }),
          },
          partSize: PART_BYTES,
          queueSize: PARALLEL,
        }).done(),
      ),
    );
    await removeObject(deps.promoter, place);
    ours.push(await seconds(() => sender.send(path)));
    say(
      `upload of ${UPLOAD_MIB} MiB: bare ${bare.at(-1)?.toFixed(2)} s, through the API ${ours.at(-1)?.toFixed(2)} s`,
    );
  }
  return speedLeft("upload.ratio", bare, ours);
}
