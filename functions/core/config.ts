import { z } from "zod";

const url = z.url({ error: "must be a URL" });
const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{2,62}$/, "must be a bucket name");
const seconds = (fallback: number) => z.coerce.number().int().min(1).default(fallback);
const port = (fallback: number) => z.coerce.number().int().min(0).max(65535).default(fallback);
const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");
const listOr = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean),
    );
const list = listOr("");
const signingKey = z
  .string()
  .regex(
    /^[a-z0-9]{1,8}:.{32,}$/s,
    "must be kid:secret, the secret at least 32 characters, the kid lower-case letters and digits",
  );

/** Ideographs, kana and hangul, where Debian's fonts-droid-fallback puts them. */
export const droidFonts = [
  "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
  "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
];

const storageUsers = ["PRESIGNER", "PROMOTER", "WORKER", "DOWNLOADER", "CUSTODIAN"] as const;
export type StorageUser = Lowercase<(typeof storageUsers)[number]>;

function keyPairs<const Users extends readonly string[]>(users: Users) {
  const shape = users.flatMap((user) => [
    [`S3_${user}_ACCESS_KEY_ID`, z.string().min(1)],
    [`S3_${user}_SECRET_ACCESS_KEY`, z.string().min(1)],
  ]);
  return Object.fromEntries(shape) as Record<
    `S3_${Users[number]}_ACCESS_KEY_ID` | `S3_${Users[number]}_SECRET_ACCESS_KEY`,
    z.ZodString
  >;
}

const shared = {
  POSTGRES_URL: url,
  POSTGRES_POOL: z.coerce.number().int().min(1).max(200).default(8),
  REDIS_URL: url,
  QUEUE: z.enum(["redis", "sqs"]).default("redis"),
  SQS_ENDPOINT: url.optional(),
  SQS_REGION: z.string().default("us-east-1"),
  SQS_ACCESS_KEY_ID: z.string().optional(),
  SQS_SECRET_ACCESS_KEY: z.string().optional(),
  SQS_QUEUE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{0,40}$/)
    .default("rushes-"),
  WASABI_ENDPOINT: url,
  WASABI_REGION: z.string().min(1),
  BUCKET_STAGING: bucket,
  BUCKET_MASTERS: bucket,
  BUCKET_PREVIEWS: bucket,
  BUCKET_DOCS: bucket,
  EDGE_PURGE_URLS: list,
  EDGE_PURGE_KEY: z.string().min(16).optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
};

const apiOnly = {
  ...keyPairs(["PRESIGNER", "PROMOTER", "DOWNLOADER", "CUSTODIAN"] as const),
  API_HOST: z.string().default("127.0.0.1"),
  API_PORT: port(3000),
  /** How many proxies of ours stand before the API; their X-Forwarded-For entries are believed. */
  TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(5).default(0),
  /** Shared with the site, whose requests then count for whoever asked it. */
  SITE_KEY: z.string().min(32).optional(),
  /** When set, /metrics asks for it as a bearer token. */
  METRICS_KEY: z.string().min(16).optional(),
  PUBLIC_API_BASE: url,
  PUBLIC_SITE_BASE: url,
  PUBLIC_EDGE_BASE: url,
  EDGE_SIGNING_KEY: signingKey,
  OIDC_ISSUER: url,
  OIDC_CLIENT_ID: z.string().min(1),
  OIDC_CLIENT_SECRET: z.string().min(1),
  OIDC_AUDIENCE: z.string().min(1),
  ADMIN_EMAILS: list,
  SESSION_TTL_SECONDS: seconds(14 * 86400),
  MASTER_LOCK_MODE: z.enum(["GOVERNANCE", "COMPLIANCE"]).default("GOVERNANCE"),
  /** What the storage offers for masters; projects choose among them, the first is the default. */
  STORAGE_CLASSES: listOr("STANDARD").pipe(
    z.array(z.string().regex(/^[A-Z_]{1,40}$/, "must be storage classes in capitals, with commas")).min(1),
  ),
  MASTER_LOCK_DAYS: z.coerce.number().int().min(1).max(36500).default(30),
  MAX_UPLOAD_BYTES: z.coerce.number().int().min(1).max(5_497_558_138_880).default(5_497_558_138_880),
  UPLOAD_TTL_SECONDS: seconds(7 * 86400),
  /** How often every master is read in full again, and how fast at most. */
  VERIFY_EVERY_DAYS: z.coerce.number().int().min(1).max(3650).default(30),
  VERIFY_BYTES_PER_SECOND: z.coerce.number().int().min(1).default(50_000_000),
  ALLOWED_TYPES: list,
  AV_SCAN: z
    .string()
    .regex(/^(clamd|https?):\/\//, "must be clamd://host:port or http(s)://…")
    .optional(),
  /** How long event streams and the event log can be resumed. */
  EVENT_LOG_DAYS: z.coerce.number().int().min(1).max(3650).default(90),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).default(1200),
  WEBHOOK_ALLOW_PRIVATE: flag,
  /** Fonts for what our own have no letters for in printed lists; those that are not there are done without. */
  PDF_FONTS: listOr(droidFonts.join()).pipe(
    z.array(z.string().regex(/^\/.+\.(ttf|otf|woff)$/i, "must be paths of .ttf, .otf or .woff files")),
  ),
  /** Root of derived keys: share links, webhook secrets at rest. */
  APP_SECRET: z.string().min(32, "must have at least 32 characters"),
};

const workerOnly = {
  ...keyPairs(["WORKER"] as const),
  GPU_DEVICE: z.string().default("auto"),
  QUEUE_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(1),
  SCRATCH_PATH: z.string().min(1).default("/tmp/rushes-scratch"),
  SCRATCH_MAX_BYTES: z.coerce.number().int().min(1).default(200_000_000_000),
  /** Where health, readiness and metrics of the worker are served; port 0: nowhere. */
  WORKER_HOST: z.string().default("127.0.0.1"),
  WORKER_PORT: port(0),
  MAX_PIXELS: z.coerce.number().int().min(1).default(150_000_000),
  MAX_DURATION_SECONDS: seconds(36 * 3600),
};

const schemas = {
  api: z.object({ ...shared, ...apiOnly }),
  worker: z.object({ ...shared, ...workerOnly }),
};

export type ApiConfig = z.infer<typeof schemas.api>;
export type WorkerConfig = z.infer<typeof schemas.worker>;
export type SharedConfig = z.infer<z.ZodObject<typeof shared>>;

/** Every variable the product reads, for `.env.example` and its test. */
export const variableNames: readonly string[] = [
  ...new Set([...Object.keys(schemas.api.shape), ...Object.keys(schemas.worker.shape)]),
];

export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Parses the environment for one process. Throws one `ConfigError` that names every fault
 * and never repeats a value. Empty strings count as unset.
 */
export function readConfig(env: Record<string, string | undefined>, process: "api"): Readonly<ApiConfig>;
export function readConfig(
  env: Record<string, string | undefined>,
  process: "worker",
): Readonly<WorkerConfig>;
export function readConfig(env: Record<string, string | undefined>, process: "api" | "worker") {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schemas[process].safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const faults = parsed.error.issues.map((issue) => {
    const name = issue.path.join(".");
    return `  ${name}: ${name in given ? issue.message : "is missing"}`;
  });
  throw new ConfigError(`The environment of the ${process} is not usable:\n${faults.join("\n")}`);
}
