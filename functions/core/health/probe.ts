import { HeadBucketCommand } from "@aws-sdk/client-s3";
import type { Resources } from "../resources.ts";

export const dependencies = ["postgres", "redis", "storage", "oidc"] as const;
export type Dependency = (typeof dependencies)[number];

export interface Check {
  ok: boolean;
  ms: number;
  /** What it said, without addresses or credentials. */
  detail?: string;
}

type Deps = Pick<Resources, "sql" | "redis" | "promoter" | "issuer">;

const deadlineMs = 2_000;

const probes: Record<Dependency, (deps: Deps) => Promise<unknown>> = {
  postgres: ({ sql }) => sql`select 1`,
  redis: ({ redis }) => redis.ping(),
  storage: ({ promoter: { s3, buckets } }) => s3.send(new HeadBucketCommand({ Bucket: buckets.staging })),
  oidc: ({ issuer }) => issuer.probe(),
};

/** Asks every dependency at once; none takes longer than two seconds to be called away. */
export async function probeAll(deps: Deps): Promise<Record<Dependency, Check>> {
  const checks = await Promise.all(
    dependencies.map(async (name) => [name, await check(() => probes[name](deps))] as const),
  );
  return Object.fromEntries(checks) as Record<Dependency, Check>;
}

async function check(probe: () => Promise<unknown>): Promise<Check> {
  const from = performance.now();
  const ms = () => Math.round(performance.now() - from);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in 2 s")), deadlineMs);
  });
  try {
    await Promise.race([probe(), late]);
    return { ok: true, ms: ms() };
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    return { ok: false, ms: ms(), detail: message === "no answer in 2 s" ? message : (code ?? name) };
  } finally {
    clearTimeout(timer);
  }
}
