import { z } from "zod";
import { scopes } from "../auth/actor.ts";
import { id, time, words } from "../shape.ts";

export const scope = z.enum(scopes);

export const createKeyInput = z.object({
  name: words(200),
  scopes: z
    .array(scope)
    .min(1)
    .max(scopes.length)
    .transform((list) => [...new Set(list)]),
  expiresAt: time.nullable().optional(),
});

export const apiKey = z.object({
  id: id("apiKey"),
  name: z.string(),
  scopes: z.array(scope),
  /** Enough to tell keys apart, not enough to use one. */
  hint: z.string(),
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
  revokedAt: time.nullable(),
  createdAt: time,
});
export type ApiKey = z.infer<typeof apiKey>;

/** The only answer that carries the secret. */
export const createdKey = apiKey.extend({ secret: z.string() });
