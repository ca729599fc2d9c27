import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { choosePorts, type PortName, type Ports, readPorts } from "#dev/ports.ts";
import { run, runningPid } from "#dev/processes.ts";
import { Stop } from "#dev/say.ts";

export const repoRoot = resolve(import.meta.dir, "..");

/** One private stack: servers, data, ports, logs. `dev` is for people, `test` for tests. */
export type Instance = {
  name: string;
  dir: string;
  runDir: string;
  logDir: string;
  postgresDir: string;
  cephDir: string;
  ports: Ports;
  secrets: Secrets;
  isTest: boolean;
  /** false when root's clone sits in a folder that servers under another user cannot enter */
  isReachable: boolean;
};

export const storageUsers = [
  "ADMIN",
  "PRESIGNER",
  "PROMOTER",
  "WORKER",
  "EDGE",
  "DOWNLOADER",
  "CUSTODIAN",
] as const;
export type StorageUser = (typeof storageUsers)[number];
export type KeyPair = { accessKeyId: string; secretAccessKey: string };

export type Secrets = {
  postgres: string;
  postgresAdmin: string;
  redis: string;
  edgeSigning: string;
  edgePurge: string;
  app: string;
  oidcClient: string;
  oidcScripts: string;
  metrics: string;
  demo: string;
  storage: Record<StorageUser, KeyPair>;
};

const secret = (bytes = 24): string => randomBytes(bytes).toString("base64url");
const accessKey = (): string => randomBytes(15).toString("hex").toUpperCase().slice(0, 20);

/** Writes a file that only its owner reads, whole or not at all. */
export const writePrivate = (file: string, text: string): void => {
  const partial = `${file}.${process.pid}.part`;
  writeFileSync(partial, text, { mode: 0o600 });
  chmodSync(partial, 0o600);
  renameSync(partial, file);
};

const openSecrets = (file: string): Secrets => {
  const before: Partial<Secrets> = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Partial<Secrets>)
    : {};
  const secrets: Secrets = {
    postgres: secret(),
    postgresAdmin: secret(),
    redis: secret(),
    edgeSigning: secret(36),
    edgePurge: secret(),
    app: secret(36),
    oidcClient: secret(),
    oidcScripts: secret(),
    metrics: secret(),
    demo: secret(6),
    ...before,
    storage: Object.fromEntries(
      storageUsers.map((user) => [
        user,
        before.storage?.[user] ?? { accessKeyId: accessKey(), secretAccessKey: secret(30) },
      ]),
    ) as Record<StorageUser, KeyPair>,
  };
  const text = `${JSON.stringify(secrets, null, 2)}\n`;
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writePrivate(file, text);
  return secrets;
};

export const isRoot = (): boolean => process.getuid?.() === 0;

export const cloneHash = (): string => createHash("sha256").update(repoRoot).digest("hex").slice(0, 12);

/** Where data goes that user postgres must reach when the clone sits in a closed folder such as /root. */
export const sharedDataDir = (): string => join("/var/lib/rushes", cloneHash());

/** Whether users other than root can enter the clone; of interest to root alone. */
const isReachable = async (dir: string): Promise<boolean> =>
  !isRoot() || (await run(["runuser", "-u", "postgres", "--", "test", "-x", dirname(dir)])).code === 0;

const ownerOf: Partial<Record<PortName, string>> = {
  postgres: "postgres",
  redis: "redis",
  s3: "radosgw",
  cephMon: "ceph-mon",
  oidc: "oidc",
  api: "api",
  site: "site",
  edge: "edge",
  purge: "edge",
  workerMetrics: "worker",
  sqs: "sqs",
};

export const checkedInstanceName = (name: string): string => {
  if (!/^[a-z][a-z0-9-]{0,20}$/.test(name))
    throw new Stop("an instance is named in small letters, like dev or test");
  return name;
};

/**
 * Opens (and on first use makes) the instance's folder, ports and secrets. Starts nothing.
 * Remembered ports named in `claim` are exchanged when
 * someone else took them meanwhile; only who is about to start those servers may claim.
 */
export const openInstance = async (
  name: string,
  { claim }: { claim: readonly PortName[] },
): Promise<Instance> => {
  const dir = join(repoRoot, ".rushes", checkedInstanceName(name));
  const runDir = join(dir, "run");
  const logDir = join(dir, "log");
  mkdirSync(join(repoRoot, ".rushes"), { recursive: true });
  mkdirSync(dir, { recursive: true, mode: 0o711 });
  chmodSync(dir, 0o711);
  for (const folder of [runDir, logDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const isTest = name !== "dev";
  const portsFile = join(dir, "ports.json");
  // Clones on one machine start their search at different places and so rarely meet.
  const base = 20_000 + (Number.parseInt(cloneHash().slice(0, 4), 16) % 90) * 60 + (isTest ? 6_000 : 0);
  const ports =
    (claim.length === 0 ? readPorts(portsFile) : null) ??
    (await choosePorts(portsFile, base, !isTest, (port) => {
      const owner = ownerOf[port];
      return !claim.includes(port) || (owner !== undefined && runningPid(runDir, owner) !== null);
    }));
  const reachable = await isReachable(dir);
  return {
    name,
    dir,
    runDir,
    logDir,
    postgresDir: reachable ? join(dir, "postgres") : join(sharedDataDir(), name, "postgres"),
    cephDir: join(dir, "ceph"),
    ports,
    secrets: openSecrets(join(dir, "secrets.json")),
    isTest,
    isReachable: reachable,
  };
};

/** Makes a folder that user postgres owns when we are root, and that we own otherwise. */
export const makePostgresDir = async (dir: string): Promise<void> => {
  mkdirSync(dirname(dir), { recursive: true, mode: 0o711 });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (!isRoot()) return;
  for (let up = dirname(dir); up.startsWith("/var/lib/rushes"); up = dirname(up)) chmodSync(up, 0o711);
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run(["id", flag, "postgres"])).stdout)),
  );
  chownSync(dir, uid ?? 0, gid ?? 0);
};
