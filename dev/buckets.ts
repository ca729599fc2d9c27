import {
  CreateBucketCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { storageUid } from "#dev/ceph.ts";
import type { KeyPair, StorageUser } from "#dev/instance.ts";
import { Stop } from "#dev/say.ts";

export type Bucket = "staging" | "masters" | "previews" | "docs";
export type BucketNames = Record<Bucket, string>;

/**
 * Who may do what, per bucket. What is not listed is denied by name: on Ceph the writer of an object owns it
 * and could otherwise read it back or change its ACL without any grant.
 */
export const grants: Record<Bucket, Partial<Record<StorageUser, string[]>>> = {
  staging: {
    PRESIGNER: ["PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"],
    PROMOTER: [
      "GetObject",
      "PutObject",
      "DeleteObject",
      "AbortMultipartUpload",
      "ListMultipartUploadParts",
      "ListBucket",
      "ListBucketMultipartUploads",
    ],
    CUSTODIAN: ["DeleteObject", "ListBucket", "ListBucketMultipartUploads", "AbortMultipartUpload"],
  },
  masters: {
    PROMOTER: [
      "PutObject",
      "GetObject",
      "GetObjectVersion",
      "PutObjectRetention",
      "GetObjectRetention",
      "PutObjectLegalHold",
      "GetObjectLegalHold",
      "GetBucketObjectLockConfiguration",
      "AbortMultipartUpload",
      "ListMultipartUploadParts",
      "ListBucket",
      "ListBucketVersions",
      "ListBucketMultipartUploads",
    ],
    WORKER: ["GetObject", "GetObjectVersion", "ListBucket"],
    DOWNLOADER: ["GetObject", "GetObjectVersion"],
    CUSTODIAN: [
      "DeleteObject",
      "DeleteObjectVersion",
      "GetObjectRetention",
      "GetObjectLegalHold",
      "ListBucket",
      "ListBucketVersions",
    ],
  },
  previews: {
    WORKER: [
      "PutObject",
      "GetObject",
      "DeleteObject",
      "AbortMultipartUpload",
      "ListMultipartUploadParts",
      "ListBucket",
      "ListBucketMultipartUploads",
    ],
    EDGE: ["GetObject", "ListBucket"],
    CUSTODIAN: ["DeleteObject", "ListBucket"],
  },
  docs: {
    PROMOTER: ["PutObject", "GetObject"],
    CUSTODIAN: ["DeleteObject", "ListBucket"],
  },
};

/**
 * Every right that exists on a bucket and its objects, so that a denial can list what is left.
 * `NotAction` would say it shorter, but Ceph 16 never matches a statement that has only that.
 */
const everyVerb = [
  ...["GetObject", "GetObjectVersion", "GetObjectAcl", "GetObjectVersionAcl", "GetObjectTagging"],
  ...["PutObject", "PutObjectAcl", "PutObjectVersionAcl", "PutObjectTagging", "DeleteObjectTagging"],
  ...["DeleteObject", "DeleteObjectVersion", "RestoreObject"],
  ...["AbortMultipartUpload", "ListMultipartUploadParts", "ListBucketMultipartUploads"],
  ...["PutObjectRetention", "GetObjectRetention", "PutObjectLegalHold", "GetObjectLegalHold"],
  ...["BypassGovernanceRetention", "GetBucketObjectLockConfiguration", "PutBucketObjectLockConfiguration"],
  ...["ListBucket", "ListBucketVersions", "DeleteBucket", "GetBucketLocation"],
  ...["GetBucketAcl", "PutBucketAcl", "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"],
  ...["GetBucketCORS", "PutBucketCORS", "GetBucketVersioning", "PutBucketVersioning"],
  ...["GetLifecycleConfiguration", "PutLifecycleConfiguration"],
];

const principal = (user: StorageUser) => ({ AWS: [`arn:aws:iam:::user/${storageUid(user)}`] });

/** The bucket policy as JSON; the owner is listed because objects belong to who wrote them. */
export const bucketPolicy = (bucket: Bucket, name: string): string => {
  const Resource = [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`];
  const granted = Object.entries(grants[bucket]) as [StorageUser, string[]][];
  const outsiders = (["PRESIGNER", "PROMOTER", "WORKER", "EDGE", "DOWNLOADER", "CUSTODIAN"] as const).filter(
    (user) => !grants[bucket][user],
  );
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: principal("ADMIN"), Action: ["s3:*"], Resource },
      ...granted.flatMap(([user, verbs]) => {
        const actions = verbs.map((verb) => `s3:${verb}`);
        const rest = everyVerb.filter((verb) => !verbs.includes(verb)).map((verb) => `s3:${verb}`);
        return [
          { Effect: "Allow", Principal: principal(user), Action: actions, Resource },
          { Effect: "Deny", Principal: principal(user), Action: rest, Resource },
        ];
      }),
      ...outsiders.map((user) => ({
        Effect: "Deny",
        Principal: principal(user),
        Action: ["s3:*"],
        Resource,
      })),
    ],
  });
};

export const storageClient = (endpoint: string, region: string, keys: KeyPair): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: keys,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });

const exists = async (s3: S3Client, name: string): Promise<boolean> => {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name }));
    return true;
  } catch (error) {
    if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404)
      return false;
    throw error;
  }
};

export type LockMode = "GOVERNANCE" | "COMPLIANCE";

/**
 * One day: the net under every master, until promotion sets and reads back the real date. The mode is the
 * one promotion sets, because a later change of mode needs the right to bypass, which no product key has.
 */
const defaultRetention = (mode: LockMode) =>
  ({ ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: mode, Days: 1 } } }) as const;

export type BucketRules = {
  /** the origin that uploads from a browser */
  site: string;
  /** days after which an abandoned upload goes away */
  days: number;
  lockMode: LockMode;
};

/** Makes the four buckets with lock, policies, CORS and lifecycle; repeating it changes nothing. */
export const makeBuckets = async (s3: S3Client, names: BucketNames, rules: BucketRules): Promise<void> => {
  for (const bucket of Object.keys(names) as Bucket[]) {
    const Bucket = names[bucket];
    if (!(await exists(s3, Bucket)))
      await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: bucket === "masters" }));
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: bucketPolicy(bucket, Bucket) }));
  }
  await s3.send(
    new PutObjectLockConfigurationCommand({
      Bucket: names.masters,
      ObjectLockConfiguration: defaultRetention(rules.lockMode),
    }),
  );
  const lock = await s3.send(new GetObjectLockConfigurationCommand({ Bucket: names.masters }));
  if (lock.ObjectLockConfiguration?.Rule?.DefaultRetention?.Days !== 1)
    throw new Stop(
      `the bucket ${names.masters} does not keep a default retention; the storage cannot hold masters`,
    );
  await s3.send(
    new PutBucketCorsCommand({
      Bucket: names.staging,
      CORSConfiguration: {
        CORSRules: [
          {
            AllowedOrigins: [rules.site],
            AllowedMethods: ["PUT"],
            AllowedHeaders: ["*"],
            ExposeHeaders: ["ETag"],
            MaxAgeSeconds: 3600,
          },
        ],
      },
    }),
  );
  const abort = {
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: rules.days },
    Filter: { Prefix: "" },
  };
  const expire = {
    ID: "expire-uploads",
    Status: "Enabled",
    Expiration: { Days: rules.days },
    ...abort,
  } as const;
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: names.staging,
      LifecycleConfiguration: { Rules: [expire] },
    }),
  );
  for (const Bucket of [names.masters, names.previews])
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: [{ ID: "abort-parts", Status: "Enabled", ...abort }] },
      }),
    );
};
