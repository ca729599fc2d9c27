import type { Context } from "hono";
import type { ApiConfig } from "#core/config.ts";
import type { Env } from "./app.ts";
import { isSecret } from "./secret.ts";

/** The site asks in the name of whoever asked it, and says from where; only who knows the key is believed. */
export const siteKeyHeader = "rushes-site-key";
export const visitorHeader = "rushes-visitor";

/**
 * The caller's address. X-Forwarded-For is believed only as far as our own proxies wrote it: `TRUSTED_PROXY_HOPS`
 * counts them. In the cloud there is no socket of ours, and the last entry is the one the provider's front has added.
 */
export function addressOf(
  c: Context<Env>,
  { TRUSTED_PROXY_HOPS: hops, SITE_KEY }: Pick<ApiConfig, "TRUSTED_PROXY_HOPS" | "SITE_KEY">,
): string {
  const visitor = c.req.header(visitorHeader);
  const isSite =
    visitor !== undefined && SITE_KEY !== undefined && isSecret(c.req.header(siteKeyHeader), SITE_KEY);
  const way = (isSite ? visitor : (c.req.header("x-forwarded-for") ?? ""))
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  const socket = c.env?.address;
  if (!isSite && socket !== undefined) way.push(socket);
  const isOwnSocket = isSite || socket !== undefined;
  return way.at(isOwnSocket ? -hops - 1 : -Math.max(1, hops)) ?? way[0] ?? "unknown";
}
