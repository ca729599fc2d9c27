import type { Redis } from "ioredis";
import { runScript, script } from "../db/redis.ts";

export interface Verdict {
  allowed: boolean;
  remaining: number;
  /** Until the bucket is full again. */
  resetSeconds: number;
  /** Until the next request may pass; 0 when this one did. */
  retryAfterSeconds: number;
}

// GCRA on the clock of Redis: exact under concurrency, one key per bucket, gone when the bucket is full.
// No bucket is emptier than empty: a time further off is from before the clock was set back.
const gcra = script(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
if tat > now + burst * interval + 1000 then tat = now end
local allowAt = tat + interval - burst * interval
if allowAt > now then return {0, 0, math.ceil(tat - now), math.ceil(allowAt - now)} end
redis.call('SET', KEYS[1], tat + interval, 'PX', math.ceil(tat + interval - now) + 1000)
return {1, math.floor((now - allowAt) / interval), math.ceil(tat + interval - now), 0}`);

/** Takes one token from a bucket of `burst`, refilled `perMinute`. */
export async function takeToken(
  redis: Redis,
  key: string,
  limit: { perMinute: number; burst: number },
): Promise<Verdict> {
  const [allowed, remaining, reset, retry] = (await runScript(
    redis,
    gcra,
    [key],
    [60_000 / limit.perMinute, limit.burst],
  )) as [number, number, number, number];
  return {
    allowed: allowed === 1,
    remaining,
    resetSeconds: Math.ceil(reset / 1000),
    retryAfterSeconds: Math.ceil(retry / 1000),
  };
}
