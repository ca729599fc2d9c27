import { z } from "zod";
import { id, page, time } from "../shape.ts";

export const noticeKinds = ["mention", "reply", "review-requested", "verdict"] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** Something a person should look at. */
export const notice = z.object({
  id: id("notice"),
  kind: z.enum(noticeKinds),
  projectId: id("project"),
  projectName: z.string(),
  assetId: id("asset"),
  assetName: z.string(),
  versionId: id("version"),
  commentId: id("comment").nullable(),
  actorName: z.string(),
  /** The comment, the note or the verdict, shortened. */
  text: z.string(),
  dueAt: time.nullable(),
  readAt: time.nullable(),
  at: time,
});
export type Notice = z.infer<typeof notice>;

export const noticeQuery = page.extend({ unread: z.enum(["true", "false"]).default("false") });
export const noticeList = z.object({
  items: z.array(notice),
  nextCursor: z.string().nullable(),
  unread: z.int(),
});
/** Without ids: all of them. */
export const readNoticesInput = z.object({ ids: z.array(id("notice")).max(200).optional() });
export const readNoticesAnswer = z.object({ unread: z.int() });
