import type { Comment } from "../comments/comment.ts";
import { frameToSeconds, frameToTimecode, rateLabel } from "../timecode/timecode.ts";
import type { Sheet } from "./sheet.ts";

/** Everything, for programs: threads with frames, timecode and seconds side by side. */
export function json(sheet: Sheet): string {
  const { model } = sheet;
  const entry = (comment: Comment) => ({
    id: comment.id,
    frame: comment.frame,
    endFrame: comment.endFrame,
    timecode: frameToTimecode(model, comment.frame),
    endTimecode: comment.endFrame === null ? null : frameToTimecode(model, comment.endFrame),
    seconds: frameToSeconds(model, comment.frame),
    text: comment.text,
    author: comment.author,
    drawing: comment.drawing,
    mentions: comment.mentions,
    reactions: comment.reactions.map(({ emoji, count, names }) => ({ emoji, count, names })),
    attachments: comment.attachments,
    resolvedAt: comment.resolvedAt,
    resolvedBy: comment.resolvedBy,
    editedAt: comment.editedAt,
    createdAt: comment.createdAt,
  });
  return `${JSON.stringify(
    {
      project: sheet.projectName,
      asset: sheet.assetName,
      versionId: sheet.versionId,
      version: sheet.versionNumber,
      fileName: sheet.fileName,
      rate: model.rate,
      rateLabel: rateLabel(model),
      startTimecode: model.startTimecode,
      dropFrame: model.dropFrame,
      frames: model.frames,
      exportedAt: sheet.exportedAt,
      comments: sheet.threads.map(({ comment, replies }) => ({
        ...entry(comment),
        replies: replies.map(entry),
      })),
    },
    null,
    2,
  )}\n`;
}
