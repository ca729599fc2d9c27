import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { type Instance, type StorageUser, storageUsers } from "#dev/instance.ts";
import { answers } from "#dev/ports.ts";
import {
  type Daemon,
  plainEnv,
  run,
  runningPid,
  runOrStop,
  startDaemon,
  stopDaemon,
  waitReady,
} from "#dev/processes.ts";
import { Stop } from "#dev/say.ts";

const GIB = 1024 ** 3;

/** The name of a storage user on the server; bucket policies name it. */
export const storageUid = (user: StorageUser): string => `rushes-${user.toLowerCase()}`;

type Layout = { conf: string; keyring: string; mon: string; osd: string; ready: string; run: string };

const layout = (instance: Instance): Layout => ({
  conf: join(instance.cephDir, "ceph.conf"),
  keyring: join(instance.cephDir, "keyring"),
  mon: join(instance.cephDir, "mon"),
  osd: join(instance.cephDir, "osd"),
  ready: join(instance.cephDir, "ready"),
  run: join(instance.cephDir, "run"),
});

/** A sparse file: it takes what was ever stored at once, and promises no more than the disk has. */
const blockBytes = (dir: string): number => {
  const { bavail, bsize } = statfsSync(dir);
  const gib = Math.floor((Number(bavail) * Number(bsize) * 0.8) / GIB);
  if (gib < 4) throw new Stop(`storage needs at least 5 GiB free below ${dir}, ${gib} GiB are usable`);
  return Math.min(64, gib) * GIB;
};

/** One mon, one osd, one gateway on loopback; cephx stays on because the gateway does not work without it. */
const writeConf = (instance: Instance, at: Layout): void => {
  const fsidFile = join(instance.cephDir, "fsid");
  const sizeFile = join(instance.cephDir, "block-bytes");
  if (!existsSync(fsidFile)) writeFileSync(fsidFile, randomUUID());
  if (!existsSync(sizeFile)) writeFileSync(sizeFile, String(blockBytes(instance.cephDir)));
  const log = (name: string) => join(instance.logDir, `${name}.log`);
  writeFileSync(
    at.conf,
    `[global]
fsid = ${readFileSync(fsidFile, "utf8")}
mon_host = v2:127.0.0.1:${instance.ports.cephMon}
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv4 = true
ms_bind_ipv6 = false
ms_bind_msgr1 = false
run_dir = ${at.run}
admin_socket =
crash_dir = ${join(instance.cephDir, "crash")}
keyring = ${at.keyring}
mon_data = ${at.mon}
osd_data = ${at.osd}
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
[mon]
log_file = ${log("ceph-mon")}
[osd]
debug_bluestore = 0/1
debug_rocksdb = 1/1
debug_osd = 0/1
log_file = ${log("ceph-osd")}
osd_objectstore = bluestore
bluestore_block_size = ${readFileSync(sizeFile, "utf8")}
bluestore_block_create = true
bluestore_avl_alloc_bf_free_pct = 100
bluestore_block_db_create = false
bluestore_block_wal_create = false
osd_memory_target = 939524096
osd_op_num_shards = 2
osd_op_num_threads_per_shard = 1
osd_class_load_list = *
osd_class_default_list = *
[client]
log_file = ${log("radosgw")}
debug_rgw = 0/1
rgw_frontends = beast endpoint=127.0.0.1:${instance.ports.s3} tcp_nodelay=1
rgw_data = ${join(instance.cephDir, "rgw")}
rgw_dns_name = localhost
rgw_thread_pool_size = 64
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 60
rgw_gc_processor_period = 30
rgw_bucket_quota_ttl = 5
rgw_user_quota_bucket_sync_interval = 5
rgw_override_bucket_index_max_shards = 1
rgw_dynamic_resharding = false
`,
  );
};

const makeKeyring = async (keyring: string): Promise<void> => {
  await runOrStop([
    "ceph-authtool",
    "--create-keyring",
    keyring,
    "--gen-key",
    "-n",
    "mon.",
    "--cap",
    "mon",
    "allow *",
  ]);
  for (const name of ["client.admin", "osd.0", "client.rgw"])
    await runOrStop([
      "ceph-authtool",
      keyring,
      "--gen-key",
      "-n",
      name,
      "--cap",
      "mon",
      "allow *",
      "--cap",
      "osd",
      "allow *",
    ]);
};

const daemonOf = (instance: Instance, name: string): Pick<Daemon, "name" | "logFile" | "runDir"> => ({
  name,
  runDir: instance.runDir,
  logFile: join(instance.logDir, `${name}.log`),
});

const cephEnv = (at: Layout): Record<string, string> => ({ ...plainEnv(), CEPH_CONF: at.conf });

const osdIsUp = async (at: Layout): Promise<boolean> => {
  const { code, stdout } = await run(["ceph", "--connect-timeout", "10", "osd", "stat"], {
    env: cephEnv(at),
  });
  return code === 0 && / [1-9]\d* up/.test(stdout);
};

const startMon = async (instance: Instance, at: Layout, fresh: boolean): Promise<void> => {
  const address = `[v2:127.0.0.1:${instance.ports.cephMon}]`;
  const map = join(instance.cephDir, "monmap");
  if (fresh) {
    await makeKeyring(at.keyring);
    const fsid = readFileSync(join(instance.cephDir, "fsid"), "utf8");
    await runOrStop(["monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", address, map]);
    await runOrStop([
      "ceph-mon",
      "-c",
      at.conf,
      "--mkfs",
      "-i",
      "a",
      "--monmap",
      map,
      "--keyring",
      at.keyring,
    ]);
  } else if (readFileSync(join(instance.cephDir, "mon-port"), "utf8") !== address) {
    // The mon knows its own address from its map; a port that had to change is written into it.
    await runOrStop(["ceph-mon", "-c", at.conf, "-i", "a", "--extract-monmap", map]);
    await runOrStop(["monmaptool", "--rm", "a", map]);
    await runOrStop(["monmaptool", "--addv", "a", address, map]);
    await runOrStop(["ceph-mon", "-c", at.conf, "-i", "a", "--inject-monmap", map]);
  }
  writeFileSync(join(instance.cephDir, "mon-port"), address);
  startDaemon({
    ...daemonOf(instance, "ceph-mon"),
    argv: ["ceph-mon", "-f", "-c", at.conf, "-i", "a"],
    env: cephEnv(at),
  });
  await waitReady(daemonOf(instance, "ceph-mon"), () => answers(instance.ports.cephMon));
};

const startOsd = async (instance: Instance, at: Layout, fresh: boolean): Promise<void> => {
  if (fresh) {
    const uuid = randomUUID();
    await runOrStop(["ceph", "--connect-timeout", "60", "osd", "new", uuid, "0"], { env: cephEnv(at) });
    await runOrStop(["ceph-osd", "-c", at.conf, "-i", "0", "--mkfs", "--osd-uuid", uuid]);
  }
  startDaemon({
    ...daemonOf(instance, "ceph-osd"),
    argv: ["ceph-osd", "-f", "-c", at.conf, "-i", "0"],
    env: cephEnv(at),
  });
  await waitReady(daemonOf(instance, "ceph-osd"), () => osdIsUp(at), 120_000);
};

const EEXIST = 17;

const makeUsers = async (instance: Instance, at: Layout): Promise<void> => {
  const make = async (user: StorageUser): Promise<void> => {
    const uid = storageUid(user);
    const { accessKeyId, secretAccessKey } = instance.secrets.storage[user];
    const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
    const create = ["user", "create", `--uid=${uid}`, `--display-name=${uid}`, ...keys];
    const argv = ["radosgw-admin", "-c", at.conf, "-n", "client.rgw", ...create];
    const { code, stderr } = await run(argv, { env: cephEnv(at) });
    if (code !== 0 && code !== EEXIST)
      throw new Stop(`the storage user ${uid} could not be made:\n${stderr}`);
  };
  await Promise.all(storageUsers.map(make));
};

/** Sends one request to the gateway's IAM interface; answers whether it was allowed. */
const askIam = async (instance: Instance, s3: S3Client, parameters: Record<string, string>) => {
  const [hostname, port] = ["127.0.0.1", instance.ports.s3];
  const headers = { host: `${hostname}:${port}`, "content-type": "application/x-www-form-urlencoded" };
  const body = new URLSearchParams(parameters).toString();
  const signer = await s3.config.signer();
  const signed = await signer.sign(
    { method: "POST", protocol: "http:", hostname, path: "/", headers, body },
    { signingService: "iam" },
  );
  const answer = await fetch(`http://${headers.host}/`, { method: "POST", headers: signed.headers, body });
  return answer.ok;
};

/**
 * Lets the promoter copy parts of what the presigner's URLs put. For the source of a part, Ceph 16 asks the object's
 * ACL and the caller's own policy, never the bucket's; and it asks the caller's policy as if it were a bucket's, so
 * that one has to name its principal.
 */
export const allowPartCopies = async (instance: Instance, s3: S3Client, bucket: string): Promise<void> => {
  const policy = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: [`arn:aws:iam:::user/${storageUid("PROMOTER")}`] },
        Action: ["s3:GetObject"],
        Resource: [`arn:aws:s3:::${bucket}/*`],
      },
    ],
  };
  const put = () =>
    askIam(instance, s3, {
      Action: "PutUserPolicy",
      UserName: storageUid("PROMOTER"),
      PolicyName: "copy-parts",
      PolicyDocument: JSON.stringify(policy),
    });
  if (await put()) return;
  const at = layout(instance);
  const caps = ["caps", "add", `--uid=${storageUid("ADMIN")}`, "--caps=user-policy=*"];
  await runOrStop(["radosgw-admin", "-c", at.conf, "-n", "client.rgw", ...caps], { env: cephEnv(at) });
  if (!(await put())) throw new Stop("the storage does not let the promoter copy parts");
};

/** What is deleted or half sent takes room for a while without counting, and the server's own tables take some. */
const quotaOf = (diskBytes: number): number => Math.floor(diskBytes * 0.8 - GIB / 2);

const setQuota = async (instance: Instance, scope: string[], bytes: number): Promise<void> => {
  const at = layout(instance);
  const quota = ["radosgw-admin", "-c", at.conf, "-n", "client.rgw", "quota"];
  await runOrStop([...quota, "set", ...scope, `--max-size=${bytes}`], { env: cephEnv(at) });
  await runOrStop([...quota, "enable", ...scope], { env: cephEnv(at) });
};

/** Makes a bucket full at this size, for tests of what happens then. */
export const limitBucket = (instance: Instance, bucket: string, bytes: number): Promise<void> =>
  setQuota(instance, ["--quota-scope=bucket", `--bucket=${bucket}`], bytes);

/**
 * A gateway whose disk is full answers nobody, not even who deletes; so it refuses before that, as a rented storage
 * does. The quota is that of the buckets' owner.
 */
const keepDiskFromFilling = (instance: Instance): Promise<void> => {
  const diskBytes = Number(readFileSync(join(instance.cephDir, "block-bytes"), "utf8"));
  return setQuota(instance, ["--quota-scope=user", `--uid=${storageUid("ADMIN")}`], quotaOf(diskBytes));
};

/**
 * Starts the instance's own S3 with Object Lock (Ceph's gateway over one mon and one osd) and makes its users.
 * Data is kept between runs; the rest of an interrupted first start is thrown away.
 */
export const startCeph = async (instance: Instance): Promise<void> => {
  const at = layout(instance);
  const fresh = !existsSync(at.ready);
  if (fresh) {
    await stopCeph(instance);
    rmSync(instance.cephDir, { recursive: true, force: true });
  }
  for (const dir of [instance.cephDir, at.mon, at.osd, at.run, join(instance.cephDir, "crash")])
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeConf(instance, at);
  const runs = (name: string) => runningPid(instance.runDir, name) !== null;
  if (!runs("ceph-mon")) await startMon(instance, at, fresh);
  if (!runs("ceph-osd")) await startOsd(instance, at, fresh);
  if (!runs("radosgw"))
    startDaemon({
      ...daemonOf(instance, "radosgw"),
      argv: ["radosgw", "-f", "-c", at.conf, "-n", "client.rgw"],
      env: cephEnv(at),
    });
  await waitReady(daemonOf(instance, "radosgw"), () => answers(instance.ports.s3), 120_000);
  if (fresh) await makeUsers(instance, at);
  await keepDiskFromFilling(instance);
  writeFileSync(at.ready, "");
};

export const stopCeph = async (instance: Instance, graceMs = 20_000): Promise<void> => {
  for (const name of ["radosgw", "ceph-osd", "ceph-mon"])
    await stopDaemon(instance.runDir, name, { graceMs });
};
