import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** The environment of the local test stack, as `bun dev/stack.ts up --instance test` wrote it. */
export function stackEnv(instance = "test"): Record<string, string> {
  return JSON.parse(readFileSync(join(root, ".rushes", instance, "env.json"), "utf8"));
}

/** The stack's Redis, in a database of one's own: 0..4095. */
export function redisUrl(database: number): string {
  const url = new URL(stackEnv().REDIS_URL ?? "");
  url.pathname = `/${database}`;
  return url.href;
}
