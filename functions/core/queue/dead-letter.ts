import { z } from "zod";
import { time } from "../shape.ts";
import { queueNames } from "./port.ts";

const queue = z.enum(queueNames);

export const queueState = z.object({
  queue,
  ready: z.int(),
  delayed: z.int(),
  leased: z.int(),
  dead: z.int(),
});

export const deadLetterQuery = z.object({
  queue: queue.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
});

export const deadLetter = z.object({
  queue,
  deadId: z.string(),
  /** The row it was about; null when the message could not be read. */
  id: z.string().nullable(),
  key: z.string(),
  attempts: z.int(),
  reason: z.string(),
  at: time,
  traceId: z.string().nullable(),
});

export const redriveInput = z.object({
  queue,
  /** Without them all dead letters of the queue. */
  deadIds: z.array(z.string().min(1).max(200)).min(1).max(1000).optional(),
});
export const redriven = z.object({ moved: z.int() });
