import {
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { stackAdmin, stackEnv } from "./stack.ts";

const admin = stackAdmin();
const s3 = new S3Client({
  endpoint: stackEnv().WASABI_ENDPOINT ?? "",
  region: stackEnv().WASABI_REGION ?? "",
  forcePathStyle: true,
  requestChecksumCalculation: "WHEN_REQUIRED",
  responseChecksumValidation: "WHEN_REQUIRED",
  credentials: {
    accessKeyId: admin.S3_ADMIN_ACCESS_KEY_ID,
    secretAccessKey: admin.S3_ADMIN_SECRET_ACCESS_KEY,
  },
});

interface Place {
  bucket: string;
  key: string;
  versionId?: string;
}

const at = ({ bucket, key, versionId }: Place) => ({
  Bucket: bucket,
  Key: key,
  ...(versionId ? { VersionId: versionId } : {}),
});

/** What only the owner of the buckets can do: stands in for time passing, and for hands inside the storage. */
export const adminStorage = {
  s3,
  /** As if the retention were over. */
  async unlock(place: Place): Promise<void> {
    await s3.send(new PutObjectLegalHoldCommand({ ...at(place), LegalHold: { Status: "OFF" } }));
    await s3.send(
      new PutObjectRetentionCommand({
        ...at(place),
        BypassGovernanceRetention: true,
        Retention: { Mode: "GOVERNANCE", RetainUntilDate: new Date(Date.now() + 1000) },
      }),
    );
    await new Promise((done) => setTimeout(done, 1500));
  },
  async put(place: Place, body: Uint8Array): Promise<void> {
    await s3.send(new PutObjectCommand({ ...at(place), Body: body }));
  },
  async exists(place: Place): Promise<boolean> {
    return s3.send(new HeadObjectCommand(at(place))).then(
      () => true,
      () => false,
    );
  },
  async remove(place: Place): Promise<void> {
    await s3.send(new DeleteObjectCommand({ ...at(place), BypassGovernanceRetention: true }));
  },
};
