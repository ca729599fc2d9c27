import { expect, test } from "bun:test";
import type { Comment } from "../api/types.ts";
import { type Filter, filterThreads, threadsOf } from "./threads.ts";

const comment = (id: string, extra: Partial<Comment>): Comment => ({
  id,
  versionId: "ver",
  projectId: "prj",
  replyTo: null,
  frame: 0,
  endFrame: null,
  text: id,
  drawing: null,
  mentions: [],
  author: { kind: "person", id: "per_a", name: "Ada" },
  reactions: [],
  attachments: [],
  carriedFrom: null,
  resolvedAt: null,
  resolvedBy: null,
  editedAt: null,
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:00Z",
  etag: "x",
  ...extra,
});
const everything: Filter = { show: "all", sort: "frame", author: undefined, text: "" };
const ids = (threads: { root: Comment }[]) => threads.map(({ root }) => root.id);

const all = [
  comment("late", { frame: 90, author: { kind: "guest", id: null, name: "Ben" } }),
  comment("answer", { replyTo: "late", text: "Sound is FINE", createdAt: "2026-01-03T00:00:00Z" }),
  comment("early", { frame: 3, resolvedAt: "2026-01-02T00:00:00Z", createdAt: "2026-01-02T00:00:00Z" }),
  comment("first answer", { replyTo: "late", createdAt: "2026-01-02T00:00:00Z", mentions: ["per_me"] }),
];

test("replies stand under their comment, oldest first", () => {
  const threads = threadsOf(all);
  expect(ids(threads)).toEqual(["late", "early"]);
  expect(threads[0]?.replies.map(({ id }) => id)).toEqual(["first answer", "answer"]);
});

test("threads sort by frame, or by time both ways", () => {
  const threads = threadsOf(all);
  expect(ids(filterThreads(threads, everything, undefined))).toEqual(["early", "late"]);
  expect(ids(filterThreads(threads, { ...everything, sort: "oldest" }, undefined))).toEqual([
    "late",
    "early",
  ]);
  expect(ids(filterThreads(threads, { ...everything, sort: "newest" }, undefined))).toEqual([
    "early",
    "late",
  ]);
});

test("a filter looks into replies as well", () => {
  const threads = threadsOf(all);
  const only = (filter: Partial<Filter>, me?: string) =>
    ids(filterThreads(threads, { ...everything, ...filter }, me));
  expect(only({ show: "open" })).toEqual(["late"]);
  expect(only({ show: "resolved" })).toEqual(["early"]);
  expect(only({ text: "fine" })).toEqual(["late"]);
  expect(only({ show: "mentioned" }, "per_me")).toEqual(["late"]);
  expect(only({ show: "mine" }, "per_a")).toEqual(["early", "late"]);
  expect(only({ show: "mine" })).toEqual([]);
  expect(only({ author: "Ben" })).toEqual(["late"]);
});
