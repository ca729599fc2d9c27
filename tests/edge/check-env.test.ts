import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { purgeKey, storageEnv } from "./support/edge.ts";

setDefaultTimeout(30_000);
const script = join(import.meta.dir, "../../edge/check-env.sh");

function check(change: Record<string, string | undefined>) {
  const folder = mkdtempSync(join(tmpdir(), "rushes-check-"));
  Bun.spawnSync(["chmod", "755", folder]);
  const env = {
    PATH: `${process.env.PATH}:/usr/sbin`,
    ...storageEnv(),
    EDGE_SIGNING_KEY: `k1:${"s".repeat(32)}`,
    EDGE_PURGE_KEY: purgeKey,
    EDGE_RUN_PATH: join(folder, "run"),
    CACHE_PATH: join(folder, "cache"),
    CACHE_MAX_BYTES: "1000000000",
    ...change,
  };
  const given = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const run = Bun.spawnSync(["sh", script], { env: Object.fromEntries(given) });
  rmSync(folder, { recursive: true });
  return { status: run.exitCode, said: run.stderr.toString() };
}

test("a good environment passes in silence", () => {
  expect(check({})).toEqual({ status: 0, said: "" });
  expect(
    check({ EDGE_ALLOWED_ORIGINS: "https://a.example,http://localhost:3001", CACHE_TTL_DAYS: "1" }).status,
  ).toBe(0);
});

test("every fault is listed by name in one go, and no value is repeated", () => {
  const { status, said } = check({
    EDGE_SIGNING_KEY: "k1:too-short-secret",
    EDGE_SIGNING_KEY_PREVIOUS: "no-colon-and-a-secret-value",
    EDGE_PURGE_KEY: undefined,
    CACHE_PATH: "relative/path",
    CACHE_MAX_BYTES: "lots",
    CACHE_TTL_DAYS: "0",
    WASABI_ENDPOINT: "ftp://storage",
    WASABI_REGION: undefined,
    BUCKET_PREVIEWS: "bad bucket; }",
    S3_EDGE_SECRET_ACCESS_KEY: undefined,
    EDGE_PORT: "8080x",
    EDGE_TLS_CERT: "/nowhere/cert.pem",
    EDGE_ALLOWED_ORIGINS: 'https://a.example";}',
    EDGE_WORKERS: "many",
  });
  expect(status).toBe(64);
  for (const name of [
    "EDGE_SIGNING_KEY has",
    "EDGE_SIGNING_KEY_PREVIOUS",
    "EDGE_PURGE_KEY is missing",
    "CACHE_PATH",
    "CACHE_MAX_BYTES",
    "CACHE_TTL_DAYS",
    "WASABI_ENDPOINT",
    "WASABI_REGION is missing",
    "BUCKET_PREVIEWS",
    "S3_EDGE_SECRET_ACCESS_KEY is missing",
    "EDGE_PORT",
    "EDGE_TLS_CERT",
    "EDGE_TLS_KEY",
    "EDGE_ALLOWED_ORIGINS",
    "EDGE_WORKERS",
  ])
    expect(said).toContain(name);
  for (const value of [
    "too-short-secret",
    "secret-value",
    "lots",
    "ftp://storage",
    "bad bucket",
    "8080x",
    "nowhere",
  ])
    expect(said).not.toContain(value);
});

test("faults that would be dangerous are refused", () => {
  const refused = (change: Record<string, string>) => check(change).status;
  expect(refused({ EDGE_SIGNING_KEY_PREVIOUS: `k1:${"t".repeat(32)}` })).toBe(64);
  expect(refused({ EDGE_SIGNING_KEY: `constructor:${"s".repeat(32)}` })).toBe(64);
  expect(refused({ EDGE_SIGNING_KEY: `:${"s".repeat(32)}` })).toBe(64);
  expect(refused({ EDGE_PORT: "9000", EDGE_PURGE_PORT: "9000" })).toBe(64);
  expect(refused({ CACHE_PATH: "/tmp/x y" })).toBe(64);
  expect(refused({ WASABI_ENDPOINT: "http://host/path" })).toBe(64);
  expect(refused({ EDGE_RUN_PATH: `/tmp/${"r".repeat(120)}` })).toBe(64);
});

test("state inside nginx's own cache folder is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "rushes-check-"));
  Bun.spawnSync(["chmod", "755", folder]);
  const { status, said } = check({ CACHE_PATH: folder, EDGE_STATE_PATH: `${folder}/objects/state` });
  rmSync(folder, { recursive: true });
  expect(status).toBe(64);
  expect(said).toContain("EDGE_STATE_PATH");
});
