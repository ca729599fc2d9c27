import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";

/**
 * The rights of every storage key against the running storage. The table below is the contract;
 * it is written out by hand so that a slip in the policies cannot also be a slip in the test.
 */
const read = (file: string): Record<string, string> =>
  JSON.parse(readFileSync(join(import.meta.dir, "../../.rushes/test", file), "utf8"));
const env = { ...read("env.json"), ...read("admin.json") };

const users = ["PRESIGNER", "PROMOTER", "WORKER", "EDGE", "DOWNLOADER", "CUSTODIAN"] as const;
type User = (typeof users)[number] | "ADMIN";
const buckets = ["STAGING", "MASTERS", "PREVIEWS", "DOCS"] as const;
type Bucket = (typeof buckets)[number];

const clients = Object.fromEntries(
  [...users, "ADMIN" as const].map((user) => [
    user,
    new S3Client({
      endpoint: env.WASABI_ENDPOINT ?? "",
      region: env.WASABI_REGION ?? "",
      forcePathStyle: true,
      credentials: {
        accessKeyId: env[`S3_${user}_ACCESS_KEY_ID`] ?? "",
        secretAccessKey: env[`S3_${user}_SECRET_ACCESS_KEY`] ?? "",
      },
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    }),
  ]),
) as Record<User, S3Client>;
afterAll(() => {
  for (const client of Object.values(clients)) client.destroy();
});

const nameOf = (bucket: Bucket): string => env[`BUCKET_${bucket}`] ?? "";
const soon = (ms: number) => new Date(Date.now() + ms);

/** An object that the bucket's owner put there: nobody can claim a right as its writer. */
const someoneElses = async (bucket: Bucket): Promise<{ Bucket: string; Key: string; VersionId?: string }> => {
  const at = { Bucket: nameOf(bucket), Key: `contract/${randomUUID()}` };
  const { VersionId } = await clients.ADMIN.send(new PutObjectCommand({ ...at, Body: "other" }));
  return VersionId ? { ...at, VersionId } : at;
};

/** An open multipart upload of the bucket's owner. */
const openUpload = async (bucket: Bucket) => {
  const at = { Bucket: nameOf(bucket), Key: `contract/${randomUUID()}` };
  const { UploadId } = await clients.ADMIN.send(new CreateMultipartUploadCommand(at));
  return { ...at, UploadId };
};

const attempts = {
  put: (s3: S3Client, bucket: Bucket) =>
    s3.send(new PutObjectCommand({ Bucket: nameOf(bucket), Key: `contract/${randomUUID()}`, Body: "mine" })),
  get: async (s3: S3Client, bucket: Bucket) => {
    const { Bucket, Key } = await someoneElses(bucket);
    return s3.send(new GetObjectCommand({ Bucket, Key }));
  },
  "get version": async (s3: S3Client, bucket: Bucket) =>
    s3.send(new GetObjectCommand(await someoneElses(bucket))),
  delete: async (s3: S3Client, bucket: Bucket) => {
    const { Bucket, Key } = await someoneElses(bucket);
    return s3.send(new DeleteObjectCommand({ Bucket, Key }));
  },
  list: (s3: S3Client, bucket: Bucket) =>
    s3.send(new ListObjectsV2Command({ Bucket: nameOf(bucket), MaxKeys: 1 })),
  "list versions": (s3: S3Client, bucket: Bucket) =>
    s3.send(new ListObjectVersionsCommand({ Bucket: nameOf(bucket), MaxKeys: 1 })),
  "start parts": (s3: S3Client, bucket: Bucket) =>
    s3.send(new CreateMultipartUploadCommand({ Bucket: nameOf(bucket), Key: `contract/${randomUUID()}` })),
  "list parts": async (s3: S3Client, bucket: Bucket) =>
    s3.send(new ListPartsCommand(await openUpload(bucket))),
  "abort parts": async (s3: S3Client, bucket: Bucket) =>
    s3.send(new AbortMultipartUploadCommand(await openUpload(bucket))),
  "change acl": async (s3: S3Client, bucket: Bucket) =>
    s3.send(new PutObjectAclCommand({ ...(await someoneElses(bucket)), ACL: "public-read" })),
  "read policy": (s3: S3Client, bucket: Bucket) =>
    s3.send(new GetBucketPolicyCommand({ Bucket: nameOf(bucket) })),
  "write policy": (s3: S3Client, bucket: Bucket) =>
    s3.send(
      new PutBucketPolicyCommand({
        Bucket: nameOf(bucket),
        Policy: '{"Version":"2012-10-17","Statement":[]}',
      }),
    ),
  "drop policy": (s3: S3Client, bucket: Bucket) =>
    s3.send(new DeleteBucketPolicyCommand({ Bucket: nameOf(bucket) })),
} as const;
type Verb = keyof typeof attempts;

const multipart: Verb[] = ["start parts", "list parts", "abort parts"];
const may: Partial<Record<`${User} ${Bucket}`, Verb[]>> = {
  "PRESIGNER STAGING": ["put", ...multipart],
  "PROMOTER STAGING": ["put", "get", "delete", "list", ...multipart],
  "PROMOTER MASTERS": ["put", "get", "get version", "list", "list versions", ...multipart],
  "PROMOTER DOCS": ["put", "get", "start parts"],
  "WORKER MASTERS": ["get", "get version", "list"],
  "WORKER PREVIEWS": ["put", "get", "delete", "list", ...multipart],
  "EDGE PREVIEWS": ["get", "list"],
  "DOWNLOADER MASTERS": ["get", "get version"],
  "CUSTODIAN STAGING": ["delete", "list", "abort parts"],
  "CUSTODIAN MASTERS": ["delete", "list", "list versions"],
  "CUSTODIAN PREVIEWS": ["delete", "list"],
  "CUSTODIAN DOCS": ["delete", "list"],
};

const outcome = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "allowed";
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return $metadata?.httpStatusCode === 403 && name === "AccessDenied" ? "refused" : `${name}: ${error}`;
  }
};

describe.each(users.flatMap((user) => buckets.map((bucket) => [user, bucket] as const)))(
  "%s on %s",
  (user, bucket) => {
    const allowed = may[`${user} ${bucket}`] ?? [];
    const versioned = bucket === "MASTERS";
    // Without versions, reading "a version" is the same as reading.
    const verbs = (Object.keys(attempts) as Verb[]).filter((verb) => versioned || verb !== "get version");
    test.each(verbs)("%s", async (verb) => {
      const expected = allowed.includes(verb) ? "allowed" : "refused";
      expect(await outcome(attempts[verb](clients[user], bucket))).toBe(expected);
    });
  },
);

describe("what a writer owns gives it no further right", () => {
  test("the presigner cannot read, list or delete what it put", async () => {
    const at = { Bucket: nameOf("STAGING"), Key: `contract/${randomUUID()}` };
    await clients.PRESIGNER.send(new PutObjectCommand({ ...at, Body: "mine" }));
    expect(await outcome(clients.PRESIGNER.send(new GetObjectCommand(at)))).toBe("refused");
    expect(await outcome(clients.PRESIGNER.send(new DeleteObjectCommand(at)))).toBe("refused");
    expect(
      await outcome(clients.PRESIGNER.send(new PutObjectAclCommand({ ...at, ACL: "public-read" }))),
    ).toBe("refused");
  });

  test("an upload in parts by the presigner is completed and copied by the promoter", async () => {
    const at = { Bucket: nameOf("STAGING"), Key: `contract/${randomUUID()}` };
    const { UploadId } = await clients.PRESIGNER.send(new CreateMultipartUploadCommand(at));
    await clients.PRESIGNER.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: "part" }));
    const parts = await clients.PROMOTER.send(new ListPartsCommand({ ...at, UploadId }));
    expect(parts.Parts?.length).toBe(1);
  });
});

describe("a locked master", () => {
  const lockedMaster = async () => {
    const staged = { Bucket: nameOf("STAGING"), Key: `contract/${randomUUID()}` };
    await clients.PRESIGNER.send(new PutObjectCommand({ ...staged, Body: "master" }));
    const at = { Bucket: nameOf("MASTERS"), Key: `contract/${randomUUID()}` };
    await clients.PROMOTER.send(
      new CopyObjectCommand({ ...at, CopySource: `${staged.Bucket}/${staged.Key}` }),
    );
    const versions = await clients.PROMOTER.send(
      new ListObjectVersionsCommand({ Bucket: at.Bucket, Prefix: at.Key }),
    );
    const version = { ...at, VersionId: versions.Versions?.[0]?.VersionId };
    const Retention = { Mode: "GOVERNANCE", RetainUntilDate: soon(2 * 86_400_000) } as const;
    await clients.PROMOTER.send(new PutObjectRetentionCommand({ ...version, Retention }));
    const kept = await clients.PROMOTER.send(new GetObjectRetentionCommand(version));
    expect(kept.Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + 86_400_000);
    return version;
  };

  test.each([...users, "ADMIN" as const])("cannot be deleted with the key of %s", async (user) => {
    const version = await lockedMaster();
    expect(await outcome(clients[user].send(new DeleteObjectCommand(version)))).toBe("refused");
  });

  test.each([...users])("is not freed by %s asking to bypass governance", async (user) => {
    const version = await lockedMaster();
    const BypassGovernanceRetention = true;
    const Retention = { Mode: "GOVERNANCE", RetainUntilDate: soon(3_600_000) } as const;
    expect(
      await outcome(clients[user].send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention }))),
    ).toBe("refused");
    const shorten = new PutObjectRetentionCommand({ ...version, Retention, BypassGovernanceRetention });
    expect(await outcome(clients[user].send(shorten))).toBe("refused");
  });

  test("under compliance is not freed by anyone, not even the owner asking to bypass", async () => {
    const at = { Bucket: nameOf("MASTERS"), Key: `contract/${randomUUID()}` };
    const lock = { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: soon(60_000) } as const;
    const { VersionId } = await clients.PROMOTER.send(
      new PutObjectCommand({ ...at, ...lock, Body: "master" }),
    );
    const version = { ...at, VersionId };
    for (const user of [...users, "ADMIN" as const]) {
      const bypass = new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true });
      expect(await outcome(clients[user].send(bypass))).toBe("refused");
    }
  });

  test("gets a legal hold from the promoter and from no other product key", async () => {
    const version = await lockedMaster();
    for (const user of users) {
      const hold = new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: "ON" } });
      expect(await outcome(clients[user].send(hold))).toBe(user === "PROMOTER" ? "allowed" : "refused");
    }
    const bypass = new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true });
    expect(await outcome(clients.ADMIN.send(bypass))).toBe("refused");
    await clients.PROMOTER.send(new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: "OFF" } }));
  });

  test("is locked from its first moment by the bucket's default, without any call of ours", async () => {
    const at = { Bucket: nameOf("MASTERS"), Key: `contract/${randomUUID()}` };
    const put = await clients.PROMOTER.send(new PutObjectCommand({ ...at, Body: "master" }));
    const version = { ...at, VersionId: put.VersionId };
    expect(await outcome(clients.CUSTODIAN.send(new DeleteObjectCommand(version)))).toBe("refused");
    expect(await outcome(clients.ADMIN.send(new DeleteObjectCommand(version)))).toBe("refused");
  });

  test("is deletable by the custodian, and only by the custodian, once its retention is over", async () => {
    const at = { Bucket: nameOf("MASTERS"), Key: `contract/${randomUUID()}` };
    const ObjectLockRetainUntilDate = soon(2500);
    const put = await clients.ADMIN.send(
      new PutObjectCommand({ ...at, Body: "short", ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate }),
    );
    const version = { ...at, VersionId: put.VersionId };
    expect(await outcome(clients.CUSTODIAN.send(new DeleteObjectCommand(version)))).toBe("refused");
    const free = async () =>
      (await outcome(clients.CUSTODIAN.send(new DeleteObjectCommand(version)))) === "allowed";
    const others = users.filter((user) => user !== "CUSTODIAN");
    const deadline = Date.now() + 15_000;
    do {
      for (const user of others)
        expect(await outcome(clients[user].send(new DeleteObjectCommand(version)))).toBe("refused");
      expect(Date.now()).toBeLessThan(deadline);
    } while (!(await free()));
    expect(Date.now()).toBeGreaterThanOrEqual(ObjectLockRetainUntilDate.getTime() - 1000);
  });
});
