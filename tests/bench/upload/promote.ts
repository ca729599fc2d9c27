import { statSync } from "node:fs";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { copyLimits, rangesOf } from "#core/assets/copy-plan.ts";
import { copyToMaster } from "#core/assets/copy-to-master.ts";
import type { Resources } from "#core/resources.ts";
import { headObject } from "#core/storage/read.ts";
import { adminStorage } from "#tests/support/admin-storage.ts";
import type { Figure } from "../figure.ts";
import { discardMaster, MIB, type Sender, seconds, speedLeft } from "./measure.ts";

const ROUNDS = 5;
/** The product's own parallelism; parts small enough that there are several. */
const limits = { ...copyLimits, singleMaxBytes: 64 * MIB, partBytes: 64 * MIB };

/**
 * From the hint to `mastered` (pins, copy in parts, lock, read back, rows) against bare parallel UploadPartCopy of the
 * same object, which was sent as people send it: in parts, each to a URL of the presigner.
 */
export async function measurePromote(
  deps: Resources,
  sender: Sender,
  path: string,
  say: (line: string) => void,
): Promise<Figure> {
  const bytes = statSync(path).size;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { uploadId, versionId } = await sender.send(path);
    bare.push(await seconds(() => bareCopy(deps, `uploads/${uploadId}`, `bench/${uploadId}`, bytes)));
    ours.push(
      await seconds(async () => {
        const outcome = await copyToMaster(deps, versionId, { limits });
        if (outcome !== "mastered") throw new Error(`the copy ended ${outcome}`);
      }),
    );
    await discardMaster(deps, versionId);
    await discardBare(deps, `bench/${uploadId}`);
    say(
      `copy of ${bytes / MIB} MiB: bare ${bare.at(-1)?.toFixed(2)} s, to a locked master ${ours.at(-1)?.toFixed(2)} s`,
    );
  }
  return speedLeft("promote.ratio", bare, ours);
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

async function discardBare({ promoter }: Resources, key: string): Promise<void> {
  const place = { bucket: promoter.buckets.masters, key };
  const versionId = (await headObject(promoter, place))?.versionId;
  await adminStorage.remove({ ...place, ...(versionId ? { versionId } : {}) });
}
