import { expect, test } from "bun:test";
import { readEvent } from "./live.ts";

test("an event carries its type, id and parsed data", () => {
  expect(readEvent('id: 12\nevent: comment.created\ndata: {"a":1}')).toEqual({
    type: "comment.created",
    id: "12",
    data: { a: 1 },
  });
});

test("data of several lines is one text", () => {
  expect(readEvent("data: a\ndata: b")).toEqual({ type: "message", id: undefined, data: "a\nb" });
});

test("a heartbeat is no event", () => {
  expect(readEvent(": still here")).toBeUndefined();
  expect(readEvent("")).toBeUndefined();
});
