import { z } from "zod";
import { author, fileName, id, page, time, words } from "../shape.ts";

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

export const commentSorts = ["frame", "createdAt", "-createdAt"] as const;
const yes = z.enum(["true", "false"]).optional();

export const commentQuery = page.extend({
  versionId: id("version"),
  /** Of threads: `open` ones or `resolved` ones, replies included. */
  state: z.enum(["open", "resolved"]).optional(),
  /** Written by me. */
  mine: yes,
  /** In which I am mentioned. */
  mentioned: yes,
  /** A person's id, or part of a name. */
  author: z.string().trim().min(1).max(200).optional(),
  /** Part of the text. */
  q: z.string().trim().max(200).optional(),
  sort: z.enum(commentSorts).default("frame"),
});

/** One emoji as people count them: flags, skin tones and families are one. */
const emoji = z
  .string()
  .max(16)
  .refine(
    (text) =>
      [...new Intl.Segmenter().segment(text)].length === 1 &&
      /\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3/u.test(text),
    { error: "must be one emoji" },
  );
export const reactionInput = z.object({ emoji, on: z.boolean().default(true) });

export const carryInput = z.object({ fromVersionId: id("version"), toVersionId: id("version") });

export const MAX_ATTACHMENT_BYTES = 26_214_400;
export const attachmentInput = z.object({
  name: fileName,
  bytes: z.int().min(1).max(MAX_ATTACHMENT_BYTES),
  contentType: z
    .string()
    .max(200)
    .regex(/^[\w.+-]+\/[\w.+-]+$/, "must be a media type such as image/png"),
});
export const attachment = z.object({
  id: id("attachment"),
  name: z.string(),
  bytes: z.int(),
  contentType: z.string(),
});
/** Where to PUT the bytes; signed for exactly this type and length. */
export const openedAttachment = z.object({
  attachment,
  put: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
  expiresAt: time,
});

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
  reactions: z.array(
    z.object({ emoji: z.string(), count: z.int(), names: z.array(z.string()), mine: z.boolean() }),
  ),
  attachments: z.array(attachment),
  /** The comment of an older version that this one continues. */
  carriedFrom: id("comment").nullable(),
  resolvedAt: time.nullable(),
  resolvedBy: z.string().nullable(),
  editedAt: time.nullable(),
  createdAt: time,
  updatedAt: time,
  /** Sent back in `If-Match`. */
  etag: z.string(),
});
export type Comment = z.infer<typeof comment>;
