import { z } from "zod";
import { author, id, time, words } from "../shape.ts";

const unit = z.number().min(-0.5).max(1.5);
/** Vectors relative to the picture: 0,0 top left, 1,1 bottom right; line width in picture heights. */
export const drawing = z.object({
  shapes: z
    .array(
      z.object({
        tool: z.enum(["pen", "arrow", "box", "ellipse", "text"]),
        color: z.string().regex(/^#[0-9a-f]{6}$/i),
        width: z.number().min(0.0005).max(0.1),
        points: z
          .array(z.tuple([unit, unit]))
          .min(1)
          .max(2000),
        text: words(500).optional(),
      }),
    )
    .min(1)
    .max(200),
});
export type Drawing = z.infer<typeof drawing>;

const frame = z.int().min(0).max(2_147_483_647);

export const createCommentInput = z
  .object({
    versionId: id("version"),
    frame,
    endFrame: frame.nullable().optional(),
    text: words(10_000),
    drawing: drawing.nullable().optional(),
    replyTo: id("comment").nullable().optional(),
    mentions: z.array(id("person")).max(50).optional(),
  })
  .refine((input) => input.endFrame == null || input.endFrame >= input.frame, {
    error: "must not be before frame",
    path: ["endFrame"],
  });

export const updateCommentInput = z.object({
  text: words(10_000).optional(),
  frame: frame.optional(),
  endFrame: frame.nullable().optional(),
  drawing: drawing.nullable().optional(),
  mentions: z.array(id("person")).max(50).optional(),
});

export const resolveCommentInput = z.object({ resolved: z.boolean().default(true) });

export const comment = z.object({
  id: id("comment"),
  versionId: id("version"),
  projectId: id("project"),
  replyTo: id("comment").nullable(),
  frame: z.int(),
  endFrame: z.int().nullable(),
  text: z.string(),
  drawing: drawing.nullable(),
  mentions: z.array(z.string()),
  author,
  resolvedAt: time.nullable(),
  resolvedBy: z.string().nullable(),
  editedAt: time.nullable(),
  createdAt: time,
  updatedAt: time,
  /** Sent back in `If-Match`. */
  etag: z.string(),
});
export type Comment = z.infer<typeof comment>;
