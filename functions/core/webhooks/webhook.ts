import { z } from "zod";
import { eventTypes } from "../outbox.ts";
import { id, page, time } from "../shape.ts";

/** What an endpoint may ask for: types of the contract, or all of them, those to come included. */
export const eventFilter = z
  .array(z.enum([...eventTypes, "*"]))
  .min(1)
  .max(eventTypes.length + 1)
  .transform((list) => [...new Set(list)]);

const description = z
  .string()
  .trim()
  .max(500)
  .refine((text) => !text.includes("\0"), { error: "must not contain NUL" });

export const createWebhookInput = z.object({
  projectId: id("project"),
  url: z.url({ error: "must be a URL" }).max(2000),
  events: eventFilter.default(["*"]),
  description: description.default(""),
});

export const updateWebhookInput = z.object({
  url: z.url({ error: "must be a URL" }).max(2000).optional(),
  events: eventFilter.optional(),
  description: description.optional(),
  /** True enables an endpoint that was disabled, by hand or by its own 410. */
  enabled: z.boolean().optional(),
});

export const rotateInput = z.object({
  /** How long the old secret still signs beside the new one; 0 for a secret that leaked. */
  overlapSeconds: z
    .int()
    .min(0)
    .max(7 * 86400)
    .default(86400),
});

export const webhook = z.object({
  id: id("webhook"),
  projectId: id("project"),
  url: z.string(),
  events: z.array(z.string()),
  description: z.string(),
  enabled: z.boolean(),
  disabledReason: z.string().nullable(),
  /** While a rotation lasts: until then the old secret signs too. */
  previousSecretUntil: time.nullable(),
  createdAt: time,
  updatedAt: time,
});
export type Webhook = z.infer<typeof webhook>;

/** The secret is shown when it is made, and never again. */
export const webhookWithSecret = webhook.extend({ secret: z.string() });

export const webhookQuery = page.extend({ projectId: id("project") });
export const deliveryStates = ["pending", "delivered", "failed"] as const;
export const deliveryQuery = page.extend({ state: z.enum(deliveryStates).optional() });

export const delivery = z.object({
  id: id("delivery"),
  webhookId: id("webhook"),
  eventId: id("event"),
  type: z.string(),
  state: z.enum(deliveryStates),
  attempts: z.int(),
  nextAttemptAt: time.nullable(),
  lastStatus: z.int().nullable(),
  lastError: z.string().nullable(),
  /** What is, or was, sent. */
  body: z.string(),
  createdAt: time,
  deliveredAt: time.nullable(),
});
export type WebhookDelivery = z.infer<typeof delivery>;

export const startedDelivery = z.object({ deliveryId: id("delivery") });
