import { openRedis } from "#core/db/redis.ts";
import { seedSession } from "#tests/support/people.ts";
import type { World } from "./world.ts";

/** The manager's session. */
export async function sessionCookie(world: World): Promise<string> {
  const redis = openRedis(world.redisUrl);
  return seedSession({ redis }, world.seed.people.manager.id).finally(() => redis.disconnect());
}

export interface Asked {
  status: number;
  ms: number;
  retryAfter: string | null;
}

/** One request as the manager; status 0 when the connection broke. */
export async function ask(
  world: World,
  path: string,
  {
    method = "GET",
    body,
    headers = {},
  }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Asked> {
  const from = performance.now();
  const answer = await fetch(`${world.apis[0]?.base}${path}`, {
    method,
    headers: {
      ...("cookie" in headers ? {} : { authorization: `Bearer ${world.key}` }),
      "content-type": "application/json",
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  }).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => {});
  return {
    status: answer?.status ?? 0,
    ms: performance.now() - from,
    retryAfter: answer?.headers.get("retry-after") ?? null,
  };
}
