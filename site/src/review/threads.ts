import type { Comment } from "../api/types.ts";

export interface Thread {
  root: Comment;
  replies: Comment[];
}

export type Show = "all" | "open" | "resolved" | "mine" | "mentioned";
export type Sort = "frame" | "newest" | "oldest";

export interface Filter {
  show: Show;
  sort: Sort;
  /** Only of this author, by name. */
  author: string | undefined;
  text: string;
}

/** Comments as threads: replies under what they answer, oldest first. */
export function threadsOf(comments: readonly Comment[]): Thread[] {
  const threads = new Map<string, Thread>();
  for (const root of comments) if (!root.replyTo) threads.set(root.id, { root, replies: [] });
  for (const reply of comments) if (reply.replyTo) threads.get(reply.replyTo)?.replies.push(reply);
  for (const { replies } of threads.values()) replies.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  return [...threads.values()];
}

export function filterThreads(threads: readonly Thread[], filter: Filter, me: string | undefined): Thread[] {
  const text = filter.text.trim().toLowerCase();
  const says = (comment: Comment) =>
    comment.text.toLowerCase().includes(text) || comment.author.name.toLowerCase().includes(text);
  const kept = threads.filter((thread) => {
    const all = [thread.root, ...thread.replies];
    if (filter.show === "open" && thread.root.resolvedAt) return false;
    if (filter.show === "resolved" && !thread.root.resolvedAt) return false;
    if (filter.show === "mine" && !all.some((comment) => me !== undefined && comment.author.id === me))
      return false;
    if (
      filter.show === "mentioned" &&
      !all.some((comment) => me !== undefined && comment.mentions.includes(me))
    )
      return false;
    if (filter.author && !all.some((comment) => comment.author.name === filter.author)) return false;
    return text === "" || all.some(says);
  });
  const byFrame = (a: Thread, b: Thread) =>
    a.root.frame - b.root.frame || (a.root.createdAt < b.root.createdAt ? -1 : 1);
  const byTime = (a: Thread, b: Thread) => (a.root.createdAt < b.root.createdAt ? -1 : 1);
  if (filter.sort === "frame") return kept.sort(byFrame);
  kept.sort(byTime);
  return filter.sort === "newest" ? kept.reverse() : kept;
}
