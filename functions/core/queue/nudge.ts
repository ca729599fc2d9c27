import type { Redis } from "ioredis";

export const NUDGE_CHANNEL = "relay:nudge";

/** After commit, best effort: spares the next message the poll interval of the relay. Never throws, never waits. */
export function nudgeRelay(redis: Redis): void {
  redis.publish(NUDGE_CHANNEL, "").catch(() => {});
}
