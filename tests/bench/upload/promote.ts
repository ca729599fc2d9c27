import { Readable } from "node:stream";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { copyLimits, rangesOf } from "#core/assets/copy-plan.ts";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import { createVersion } from "#core/assets/create-version.ts";
import { newId } from "#core/id.ts";
import type { Resources } from "#core/resources.ts";
import { headObject } from "#core/storage/read.ts";
import type { Figure } from "../figure.ts";
import { MIB, median, seconds } from "./measure.ts";

const COPY_MIB = 512;
const ROUNDS = 3;
/** The product's own parallelism; parts small enough that there are several. */
const limits = { ...copyLimits, singleMaxBytes: 64 * MIB, partBytes: 64 * MIB };

/**
 * From the hint to `mastered` (pins, copy in parts, lock, read back, rows) against bare parallel UploadPartCopy of the
 * same bytes. Staged by the promoter: Ceph 16 copies parts of nobody else's objects, and then we carry them ourselves.
 */
export async function measurePromote(
  deps: Resources,
  projectId: string,
  personId: string,
  say: (line: string) => void,
): Promise<Figure> {
  const { promoter } = deps;
  const bytes = COPY_MIB * MIB;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const uploadId = newId("upload");
    const staged = { bucket: promoter.buckets.staging, key: `uploads/${uploadId}` };
    await stage(deps, staged, COPY_MIB);
    bare.push(await seconds(() => bareCopy(deps, staged.key, `bench/${uploadId}`, bytes)));
    const versionId = await promising(deps, { uploadId, projectId, personId, bytes, key: staged.key });
    ours.push(
      await seconds(async () => {
        const outcome = await copyToMaster(deps, versionId, { limits });
        if (outcome !== "mastered") throw new Error(`the copy ended ${outcome}`);
      }),
    );
    say(
      `copy of ${COPY_MIB} MiB: bare ${bare.at(-1)?.toFixed(2)} s, to a locked master ${ours.at(-1)?.toFixed(2)} s`,
    );
  }
  return {
    id: "promote.ratio",
    value: median(bare) / median(ours),
    unit: "x",
    target: 0.9,
    better: "higher",
  };
}

async function stage({ promoter }: Resources, at: { bucket: string; key: string }, mib: number) {
  const block = Buffer.alloc(MIB, "footage ");
  const body = Readable.from(
    (function* () {
      for (let i = 0; i < mib; i++) yield block;
    })(),
  );
  await new Upload({
    client: promoter.s3,
    params: { Bucket: at.bucket, Key: at.key, Body: body },
    partSize: 16 * MIB,
  }).done();
}

async function bareCopy({ promoter }: Resources, from: string, to: string, bytes: number): Promise<void> {
  const at = { Bucket: promoter.buckets.masters, Key: to };
  const { UploadId } = await promoter.s3.send(new CreateMultipartUploadCommand(at));
  const todo = rangesOf(bytes, limits.partBytes);
  const parts: { PartNumber: number; ETag: string | undefined }[] = [];
  await Promise.all(
    Array.from({ length: limits.parallel }, async () => {
      for (let range = todo.shift(); range; range = todo.shift()) {
        const { CopyPartResult } = await promoter.s3.send(
          new UploadPartCopyCommand({
            ...at,
            UploadId,
            PartNumber: range.partNumber,
            CopySource: `${promoter.buckets.staging}/${from}`,
            CopySourceRange: `bytes=${range.first}-${range.last}`,
          }),
        );
        parts.push({ PartNumber: range.partNumber, ETag: CopyPartResult?.ETag });
      }
    }),
  );
  const Parts = parts.sort((a, b) => a.PartNumber - b.PartNumber);
  await promoter.s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
}

/** The rows that `promote` leaves, around an object the promoter itself staged. */
async function promising(
  { sql, promoter }: Resources,
  it: { uploadId: string; projectId: string; personId: string; bytes: number; key: string },
): Promise<string> {
  const head = await headObject(promoter, { bucket: promoter.buckets.staging, key: it.key });
  await sql`insert into uploads (id, project_id, name, bytes, content_type, method, storage_key, expires_at, state, etag,
      received_at, created_by)
    values (${it.uploadId}, ${it.projectId}, 'bench.mov', ${it.bytes}, 'video/quicktime', 'put', ${it.key},
      now() + interval '1 day', 'promoting', ${head?.etag ?? ""}, now(), ${it.personId})`;
  const { versionId } = await createVersion(sql, {
    id: it.uploadId,
    projectId: it.projectId,
    folderId: null,
    assetId: null,
    name: "bench.mov",
    bytes: it.bytes,
    sniffedType: "video/quicktime",
    clientSha256: null,
    manifest: null,
    createdBy: it.personId,
  });
  return versionId;
}
