import type { Redis } from "ioredis";
import { z } from "zod";
import { closeRedis, openRedis } from "../db/redis.ts";
import type { LoggedEvent } from "./log.ts";

/** Stored events carry `seq` and `at`; ephemeral ones (progress, presence) do not and cannot be replayed. */
const liveSchema = z.object({
  seq: z.number().optional(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  at: z.string().optional(),
});
export type LiveEvent = z.infer<typeof liveSchema>;

/** A room is a project, or a person: what only they hear. */
const channelOf = (room: string) => `events:${room}`;
const PING_MS = 10_000;

/** Best effort, for those who listen now. Never throws: progress must not fail the work it reports. */
export async function publishLive(
  redis: Redis,
  room: string,
  event: { type: string; data: Record<string, unknown> },
): Promise<void> {
  await redis.publish(channelOf(room), JSON.stringify(event)).catch(() => {});
}

/** Whoever follows this room, or is this person, has to show their right to again: some of them have lost it. */
export function recheckRights(redis: Redis, room: string): Promise<void> {
  return publishLive(redis, room, { type: "members.changed", data: {} });
}

/** The relay's side: events that are in the log already, so that whoever misses one reads it there. */
export async function publishStored(redis: Redis, events: LoggedEvent[]): Promise<void> {
  await Promise.all(
    events.map(({ seq, projectId, type, data, at }) =>
      redis.publish(channelOf(projectId), JSON.stringify({ seq, type, data, at })).catch(() => {}),
    ),
  );
}

export interface LiveListener {
  onEvent(event: LiveEvent): void;
  /** The connection was gone for a while: whatever was stored meanwhile must be read from the log. */
  onGap?(): void;
}

export interface Live {
  /** Resolves once the subscription stands: what is published from then on arrives. Answers how to leave. */
  subscribe(room: string, listener: LiveListener | ((event: LiveEvent) => void)): Promise<() => void>;
  close(): Promise<void>;
}

/** One subscriber connection for the whole process; every listener of a project shares its channel. */
export function openLive(redisUrl: string): Live {
  const redis = openRedis(redisUrl);
  const listeners = new Map<string, Set<LiveListener>>();
  const standing = new Map<string, Promise<unknown>>();
  let wasReady = false;

  redis.on("message", (channel: string, text: string) => {
    const parsed = liveSchema.safeParse(safeJson(text));
    if (!parsed.success) return;
    for (const listener of listeners.get(channel) ?? []) listener.onEvent(parsed.data);
  });
  redis.on("ready", () => {
    if (wasReady) void tellGap();
    wasReady = true;
  });

  /** ioredis subscribes again by itself, but after `ready`: asking once more makes sure that it stands before anybody reads the log. */
  async function tellGap() {
    const channels = [...listeners.keys()];
    if (channels.length > 0) await redis.subscribe(...channels).catch(() => {}); // the pulse notices
    for (const set of listeners.values()) for (const listener of set) listener.onGap?.();
  }

  // A half-open connection delivers nothing and reports nothing. The ping's deadline notices it.
  const pulse = setInterval(() => {
    redis.ping().catch(() => redis.disconnect(true));
  }, PING_MS);
  pulse.unref?.();

  return {
    async subscribe(room, given) {
      const channel = channelOf(room);
      const listener: LiveListener = typeof given === "function" ? { onEvent: given } : { ...given };
      const set = listeners.get(channel) ?? new Set<LiveListener>();
      listeners.set(channel, set);
      set.add(listener);
      const subscribed = standing.get(channel) ?? redis.subscribe(channel);
      standing.set(channel, subscribed);
      const leave = () => {
        if (!set.delete(listener) || set.size > 0) return;
        listeners.delete(channel);
        standing.delete(channel);
        redis.unsubscribe(channel).catch(() => {}); // nobody listens any more
      };
      try {
        await subscribed;
      } catch (error) {
        standing.delete(channel);
        leave();
        throw error;
      }
      return leave;
    },
    async close() {
      clearInterval(pulse);
      listeners.clear();
      await closeRedis(redis);
    },
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
