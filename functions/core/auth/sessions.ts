import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";

const shape = z.object({ personId: z.string(), expiresAt: z.string(), idToken: z.string().optional() });
export type Session = z.infer<typeof shape>;

/** Whoever can read Redis must not be able to sign in with what stands there. */
const keyOf = (secret: string) => `session:${createHash("sha256").update(secret).digest("base64url")}`;
const wellFormed = (secret: string) => /^[\w-]{43}$/.test(secret);

/** Opens a session and answers its secret: 256 random bits, for the cookie only. */
export async function openSession(
  { redis }: { redis: Redis },
  session: { personId: string; idToken?: string | undefined },
  ttlSeconds: number,
): Promise<{ secret: string; expiresAt: string }> {
  const secret = randomBytes(32).toString("base64url");
  const expiresAt = new Date(Date.now() + ttlSeconds * 1000).toISOString();
  await redis.set(keyOf(secret), JSON.stringify({ ...session, expiresAt }), "EX", ttlSeconds);
  return { secret, expiresAt };
}

export async function findSession({ redis }: { redis: Redis }, secret: string): Promise<Session | undefined> {
  if (!wellFormed(secret)) return undefined;
  const text = await redis.get(keyOf(secret));
  return text === null ? undefined : shape.parse(JSON.parse(text));
}

/** Ends a session and answers what it was. */
export async function closeSession(
  { redis }: { redis: Redis },
  secret: string,
): Promise<Session | undefined> {
  if (!wellFormed(secret)) return undefined;
  const text = await redis.getdel(keyOf(secret));
  return text === null ? undefined : shape.parse(JSON.parse(text));
}
