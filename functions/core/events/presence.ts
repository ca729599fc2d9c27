import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import type { Author } from "../shape.ts";
import { publishLive } from "./live.ts";

/** A stream that has not been heard of for this long is gone, whatever it said. */
const staleMs = 45_000;
const keyOf = (projectId: string) => `here:${projectId}`;

const shape = z.object({
  kind: z.enum(["person", "key", "guest", "system"]),
  id: z.string().nullable(),
  name: z.string(),
  versionId: z.string().nullable(),
  at: z.number(),
});

/** Told on the live channel: whoever shows presence reads it again. */
export const presenceChanged = "presence.changed";

export interface Presence {
  refresh(): Promise<void>;
  leave(): Promise<void>;
}

/** Notes that somebody looks at a project (and one version of it), until `leave` or silence. Best effort. */
export async function enter(
  redis: Redis,
  projectId: string,
  actor: Actor,
  versionId: string | null,
): Promise<Presence> {
  const field = randomUUID();
  const note = async () => {
    const here = { kind: actor.kind, id: actor.id, name: actor.name, versionId, at: Date.now() };
    await redis
      .multi()
      .hset(keyOf(projectId), field, JSON.stringify(here))
      .pexpire(keyOf(projectId), 2 * staleMs)
      .exec()
      .catch(() => {}); // said again soon
  };
  const tell = () => publishLive(redis, projectId, { type: presenceChanged, data: {} });
  await note();
  await tell();
  return {
    refresh: note,
    async leave() {
      await redis.hdel(keyOf(projectId), field).catch(() => {}); // grows stale by itself
      await tell();
    },
  };
}

/** Everybody who is here now, each once, by name: on one version, or anywhere in the project. */
export async function whoIsHere(
  redis: Redis,
  projectId: string,
  versionId: string | null,
): Promise<Author[]> {
  const all = await redis.hgetall(keyOf(projectId));
  const people = new Map<string, Author>();
  for (const text of Object.values(all)) {
    const { at, versionId: where, ...author } = shape.parse(JSON.parse(text));
    if (Date.now() - at > staleMs || (versionId !== null && where !== versionId)) continue;
    people.set(`${author.kind} ${author.id}`, author);
  }
  return [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
}
