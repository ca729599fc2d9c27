import type { Context } from "hono";
import type { Env } from "./app.ts";

/**
 * The caller's address. X-Forwarded-For is believed only as far as our own proxies wrote it: `hops` counts them.
 * In the cloud there is no socket of ours, and the last entry is the one the provider's front has added.
 */
export function addressOf(c: Context<Env>, hops: number): string {
  const forwarded = (c.req.header("x-forwarded-for") ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  const socket = c.env?.address;
  if (socket !== undefined && hops === 0) return socket;
  return forwarded.at(-Math.max(1, hops)) ?? socket ?? "unknown";
}
