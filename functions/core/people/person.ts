import { z } from "zod";
import { id, time } from "../shape.ts";

/** Who is signed in, as they see themselves. */
export const me = z.object({
  person: z.object({ id: id("person"), name: z.string(), email: z.string(), admin: z.boolean() }),
  /** When the session ends; null for API keys and tokens, which end by their own clock. */
  expiresAt: time.nullable(),
});
