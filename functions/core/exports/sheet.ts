import type { Comment } from "../comments/comment.ts";
import { type FrameModel, frameToTimecode, timelineFrame } from "../timecode/timecode.ts";

/** What an exporter gets: a version, how its frames count, and what was said, by frame. */
export interface Sheet {
  projectName: string;
  assetName: string;
  versionId: string;
  versionNumber: number;
  /** The master's file name, by which an editing system finds its own copy. */
  fileName: string;
  model: FrameModel;
  width: number;
  height: number;
  /** A picture without time. */
  isStill: boolean;
  threads: Thread[];
  exportedAt: string;
}

export interface Thread {
  comment: Comment;
  replies: Comment[];
}

/** A thread as an editing system knows it: a mark on a timeline of constant rate. */
export interface Marker {
  /** Frames from the start of the clip. */
  at: number;
  /** At least one frame. */
  span: number;
  timecode: string;
  author: string;
  text: string;
  isResolved: boolean;
}

/** Roots by frame with their replies by time; a reply whose root is gone stands for itself. */
export function threadsOf(comments: readonly Comment[]): Thread[] {
  const byTime = [...comments].sort((a, b) =>
    a.createdAt === b.createdAt ? (a.id < b.id ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1,
  );
  const threads = new Map<string, Thread>();
  for (const comment of byTime) if (!comment.replyTo) threads.set(comment.id, { comment, replies: [] });
  for (const comment of byTime)
    if (comment.replyTo) {
      const thread = threads.get(comment.replyTo);
      if (thread) thread.replies.push(comment);
      else threads.set(comment.id, { comment, replies: [] });
    }
  return [...threads.values()].sort((a, b) => a.comment.frame - b.comment.frame);
}

/** `Ana: Too dark / Ben: Mended`: the thread in one line. */
export function lineOf({ comment, replies }: Thread): string {
  return [comment, ...replies].map(({ author, text }) => oneLine(`${author.name}: ${text}`)).join(" / ");
}

export function oneLine(text: string): string {
  return text.replace(/ *[\p{Cc}\u2028\u2029]+ */gu, " ").trim();
}

export function markersOf(sheet: Sheet): Marker[] {
  const { model } = sheet;
  return sheet.threads.map((thread) => {
    const { frame, endFrame, author, resolvedAt } = thread.comment;
    const at = timelineFrame(model, frame);
    return {
      at,
      span: endFrame === null ? 1 : Math.max(1, timelineFrame(model, endFrame) - at + 1),
      timecode: frameToTimecode(model, frame),
      author: oneLine(author.name),
      text: lineOf(thread),
      isResolved: resolvedAt !== null,
    };
  });
}

/**
 * One marker per frame: editing systems keep only one of several on the same frame, and drop the others
 * without a word. Merged ones are resolved when all of them are.
 */
export function mergedMarkers(sheet: Sheet): Marker[] {
  const merged = new Map<number, Marker>();
  for (const marker of markersOf(sheet)) {
    const there = merged.get(marker.at);
    merged.set(
      marker.at,
      there
        ? {
            ...there,
            span: Math.max(there.span, marker.span),
            author: there.author === marker.author ? there.author : `${there.author}, ${marker.author}`,
            text: `${there.text} / ${marker.text}`,
            isResolved: there.isResolved && marker.isResolved,
          }
        : marker,
    );
  }
  return [...merged.values()].sort((a, b) => a.at - b.at);
}

export function titleOf(sheet: Sheet): string {
  return `${oneLine(sheet.assetName)} v${sheet.versionNumber}`;
}

/** How long the clip is on a timeline of constant rate. */
export function lengthOf(sheet: Sheet): number {
  return timelineFrame(sheet.model, sheet.model.frames - 1) + 1;
}

/** For an attribute or an element's text, without what XML 1.0 cannot carry at all. */
export function xmlText(text: string): string {
  return oneLine(text)
    .replace(/[\ufffe\uffff]/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
