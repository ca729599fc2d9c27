import type { Actor } from "../auth/actor.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { signUrl } from "../storage/sign.ts";
import { ownUpload } from "./may-upload.ts";
import { URL_SECONDS } from "./open-upload.ts";
import { partCount, partLength } from "./plan.ts";

/** URLs for parts of an open upload, each signed for the exact length that part has. */
export async function signParts(
  { sql, presigner }: Pick<Resources, "sql" | "presigner">,
  actor: Actor,
  input: { uploadId: string; partNumbers: number[] },
): Promise<{ parts: { partNumber: number; url: string; expiresAt: string }[] }> {
  const upload = await ownUpload(sql, actor, input.uploadId);
  const { storageUploadId, partBytes } = upload;
  if (upload.state !== "open")
    refuse("illegal-state", `This upload is ${upload.state}; parts are signed while it is open.`);
  if (!storageUploadId || !partBytes)
    refuse("illegal-state", "This upload is one request, not parts: use the URL it was opened with.");
  if (upload.expiresAt < new Date()) refuse("upload-expired", "This upload has expired. Start it again.");
  const count = partCount(upload.bytes, partBytes);
  const beyond = input.partNumbers.find((partNumber) => partNumber > count);
  if (beyond !== undefined)
    refuse("invalid", `This upload has ${count} parts of ${partBytes} bytes; there is no part ${beyond}.`, {
      errors: [{ pointer: "/partNumbers", detail: `at most ${count}` }],
    });
  const expiresAt = new Date(Date.now() + URL_SECONDS * 1000).toISOString();
  const parts = await Promise.all(
    [...new Set(input.partNumbers)].map(async (partNumber) => ({
      partNumber,
      url: await signUrl(
        presigner,
        {
          method: "PUT",
          bucket: presigner.buckets.staging,
          key: upload.storageKey,
          query: { partNumber: String(partNumber), uploadId: storageUploadId },
          headers: { "content-length": String(partLength(upload.bytes, partBytes, partNumber)) },
        },
        URL_SECONDS,
      ),
      expiresAt,
    })),
  );
  return { parts };
}
