import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Bucket, BucketNames } from "#dev/buckets.ts";
import {
  cloneHash,
  type Instance,
  isRoot,
  type KeyPair,
  type StorageUser,
  storageUsers,
} from "#dev/instance.ts";
import { passwordOf, people } from "#dev/people.ts";
import { postgresUrl } from "#dev/postgres.ts";
import { redisUrl } from "#dev/redis.ts";
import { Stop } from "#dev/say.ts";
import { sqsEnvironment, usesSqs } from "#dev/sqs-environment.ts";

export type Environment = Record<string, string>;

/** What the local stack knows beyond the product's environment; never given to a product process. */
export type Admin = {
  POSTGRES_ADMIN_URL: string;
  S3_ADMIN_ACCESS_KEY_ID: string;
  S3_ADMIN_SECRET_ACCESS_KEY: string;
  OIDC_SCRIPTS_CLIENT_ID: string;
  OIDC_SCRIPTS_SECRET: string;
  people: {
    id: string;
    name: string;
    email: string;
    password: string;
    role: string | null;
    admin: boolean;
  }[];
};

/** Which servers come from outside instead of from this machine's own stack. */
export type Outside = { postgres?: string; redis?: string; storage?: string; given: Environment };

const bucketVariables: Record<Bucket, string> = {
  staging: "BUCKET_STAGING",
  masters: "BUCKET_MASTERS",
  previews: "BUCKET_PREVIEWS",
  docs: "BUCKET_DOCS",
};

const keyVariables = (user: StorageUser) =>
  [`S3_${user}_ACCESS_KEY_ID`, `S3_${user}_SECRET_ACCESS_KEY`] as const;

/**
 * Reads POSTGRES_URL, REDIS_URL and WASABI_ENDPOINT from the caller's environment. A storage from outside
 * needs its region, buckets and keys as well; what is missing is named in one message.
 */
export const readOutside = (env: Record<string, string | undefined>): Outside => {
  const outside: Outside = { given: {} };
  if (env.POSTGRES_URL) outside.postgres = env.POSTGRES_URL;
  if (env.REDIS_URL) outside.redis = env.REDIS_URL;
  if (!env.WASABI_ENDPOINT) return outside;
  outside.storage = env.WASABI_ENDPOINT;
  const product = storageUsers.filter((user) => user !== "ADMIN");
  const needed = ["WASABI_REGION", ...Object.values(bucketVariables), ...product.flatMap(keyVariables)];
  const missing = needed.filter((name) => !env[name]);
  if (missing.length > 0)
    throw new Stop(
      `WASABI_ENDPOINT is given, so the storage is yours, and these must be given too:\n  ${missing.join("\n  ")}\n` +
        "One key pair per consumer, each with the rights that dev/buckets.ts lists. " +
        "Unset WASABI_ENDPOINT to use the local storage.",
    );
  for (const name of [...needed, ...keyVariables("ADMIN")]) if (env[name]) outside.given[name] = env[name];
  return outside;
};

export const localBuckets = (instance: Instance): BucketNames => {
  const prefix = instance.name === "dev" ? "rushes" : `rushes-${instance.name}`;
  return {
    staging: `${prefix}-staging`,
    masters: `${prefix}-masters`,
    previews: `${prefix}-previews`,
    docs: `${prefix}-docs`,
  };
};

const keysFor = (instance: Instance, user: StorageUser): Environment => {
  const pair: KeyPair = instance.secrets.storage[user];
  const [id, secret] = keyVariables(user);
  return { [id]: pair.accessKeyId, [secret]: pair.secretAccessKey };
};

const localStorage = (instance: Instance): Environment => ({
  WASABI_ENDPOINT: `http://127.0.0.1:${instance.ports.s3}`,
  WASABI_REGION: "us-east-1",
  ...Object.fromEntries(
    Object.entries(localBuckets(instance)).map(([bucket, name]) => [bucketVariables[bucket as Bucket], name]),
  ),
  ...Object.assign(
    {},
    ...storageUsers.filter((user) => user !== "ADMIN").map((user) => keysFor(instance, user)),
  ),
});

/** Exactly the variables that the product's processes take, for this instance. */
export const productEnvironment = (instance: Instance, outside: Outside): Environment => {
  const { ports, secrets } = instance;
  return {
    POSTGRES_URL: outside.postgres ?? postgresUrl(instance, "rushes"),
    REDIS_URL: outside.redis ?? redisUrl(instance),
    ...(usesSqs() ? sqsEnvironment(ports.sqs) : {}),
    ...(outside.storage
      ? { WASABI_ENDPOINT: outside.storage, ...withoutAdmin(outside.given) }
      : localStorage(instance)),
    API_HOST: "127.0.0.1",
    API_PORT: String(ports.api),
    PUBLIC_API_BASE: `http://localhost:${ports.api}/api`,
    PUBLIC_SITE_BASE: `http://localhost:${ports.site}`,
    PUBLIC_EDGE_BASE: `http://localhost:${ports.edge}`,
    APP_SECRET: secrets.app,
    SITE_KEY: createHash("sha256").update(`site ${secrets.app}`).digest("hex"),
    EDGE_SIGNING_KEY: `k1:${secrets.edgeSigning}`,
    EDGE_PURGE_KEY: secrets.edgePurge,
    EDGE_PURGE_URLS: `http://127.0.0.1:${ports.purge}`,
    CACHE_PATH: join(instance.dir, "edge", "cache"),
    CACHE_MAX_BYTES: "4000000000",
    CACHE_TTL_DAYS: "7",
    ...edgeEnvironment(instance),
    OIDC_ISSUER: `http://localhost:${ports.oidc}`,
    OIDC_CLIENT_ID: "rushes",
    OIDC_CLIENT_SECRET: secrets.oidcClient,
    OIDC_AUDIENCE: "https://rushes.local/api",
    ADMIN_EMAILS: people
      .filter((person) => person.admin)
      .map((person) => person.email)
      .join(","),
    MASTER_LOCK_MODE: process.env.MASTER_LOCK_MODE ?? "GOVERNANCE",
    WEBHOOK_ALLOW_PRIVATE: "true",
    GPU_DEVICE: process.env.GPU_DEVICE ?? "auto",
    QUEUE_CONCURRENCY: process.env.QUEUE_CONCURRENCY ?? "1",
    SCRATCH_PATH: join(instance.dir, "scratch"),
    WORKER_PORT: String(ports.workerMetrics),
    LOG_LEVEL: process.env.LOG_LEVEL ?? "info",
  };
};

/** A unix socket's path holds 108 bytes, and the edge keeps some of them: a deep clone runs it below /tmp. */
const edgeRunPath = (instance: Instance): string => {
  const here = join(instance.dir, "edge", "run");
  return here.length <= 90 ? here : join("/tmp", `rushes-edge-${cloneHash()}-${instance.name}`);
};

const edgeEnvironment = (instance: Instance): Environment => ({
  EDGE_ADDRESS: "127.0.0.1",
  EDGE_PORT: String(instance.ports.edge),
  EDGE_PURGE_PORT: String(instance.ports.purge),
  EDGE_RUN_PATH: edgeRunPath(instance),
  EDGE_STATE_PATH: join(instance.dir, "edge", "state"),
  EDGE_ALLOWED_ORIGINS: `http://localhost:${instance.ports.site}`,
  EDGE_WORKERS: "1",
  // Root's nginx gives its workers to another user, who cannot enter a clone below a private home.
  ...(isRoot() && !instance.isReachable ? { EDGE_USER: "root" } : {}),
});

const withoutAdmin = (given: Environment): Environment =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !name.startsWith("S3_ADMIN_")));

/** Rights for tests and the seed: databases may be made, buckets are owned. */
export const adminEnvironment = (instance: Instance, outside: Outside): Admin => {
  const [id, secret] = keyVariables("ADMIN");
  const own = instance.secrets.storage.ADMIN;
  return {
    POSTGRES_ADMIN_URL: outside.postgres
      ? (process.env.POSTGRES_ADMIN_URL ?? outside.postgres)
      : postgresUrl(instance, "rushes_admin"),
    S3_ADMIN_ACCESS_KEY_ID: outside.storage ? (outside.given[id] ?? "") : own.accessKeyId,
    S3_ADMIN_SECRET_ACCESS_KEY: outside.storage ? (outside.given[secret] ?? "") : own.secretAccessKey,
    OIDC_SCRIPTS_CLIENT_ID: "rushes-scripts",
    OIDC_SCRIPTS_SECRET: instance.secrets.oidcScripts,
    people: people.map((person) => ({ ...person, password: passwordOf(person, instance.secrets.demo) })),
  };
};
