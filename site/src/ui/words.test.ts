import { expect, test } from "bun:test";
import { ago, count, duration, readable, size, timeLeft } from "./words.ts";

test("sizes are decimal and keep three figures", () => {
  expect(size(0)).toBe("0 B");
  expect(size(999)).toBe("999 B");
  expect(size(1000)).toBe("1.0 KB");
  expect(size(999_600)).toBe("1.0 MB");
  expect(size(123_456_789)).toBe("123 MB");
  expect(size(5_497_558_138_880)).toBe("5.5 TB");
});

test("durations have hours only when they need them", () => {
  expect(duration(9)).toBe("0:09");
  expect(duration(75.4)).toBe("1:15");
  expect(duration(3600)).toBe("1:00:00");
});

test("time left is rough on purpose", () => {
  expect(timeLeft(3)).toBe("a few seconds left");
  expect(timeLeft(42)).toBe("40 s left");
  expect(timeLeft(600)).toBe("10 min left");
  expect(timeLeft(Number.POSITIVE_INFINITY)).toBe("");
});

test("ago counts up to a week, then names the day", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  expect(ago("2026-03-10T11:59:40Z", now)).toBe("just now");
  expect(ago("2026-03-10T11:50:00Z", now)).toBe("10 min");
  expect(ago("2026-03-08T12:00:00Z", now)).toBe("2 d");
  expect(ago("2026-01-02T12:00:00Z", now)).toBe("2 January 2026");
});

test("times within what the API says are read like any other", () => {
  const text = readable("Locked until 2027-02-20T17:59:08.007Z. Not 2027-02-20.");
  expect(text).toMatch(/^Locked until \d+ Feb 2027, \d\d:\d\d\. Not 2027-02-20\.$/);
});

test("one of a thing is singular", () => {
  expect(count(1, "comment")).toBe("1 comment");
  expect(count(1200, "comment")).toBe("1,200 comments");
});
