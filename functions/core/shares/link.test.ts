import { expect, test } from "bun:test";
import { hashOfLink, isLinkToken, linkToken } from "./link.ts";

const secret = "a root secret that is long enough for us";

test("a link is the same each time it is copied, and another for another share, rotation or deployment", () => {
  const token = linkToken(secret, "shr_1", 1);
  expect(isLinkToken(token)).toBe(true);
  expect(linkToken(secret, "shr_1", 1)).toBe(token);
  const others = [
    linkToken(secret, "shr_2", 1),
    linkToken(secret, "shr_1", 2),
    linkToken(`${secret}!`, "shr_1", 1),
  ];
  expect(new Set([token, ...others]).size).toBe(4);
  expect(hashOfLink(token).toString("hex")).toMatch(/^[0-9a-f]{64}$/);
});

test("what is no link is not looked up", () => {
  for (const text of [
    "",
    "rs_",
    `rs_${"a".repeat(42)}`,
    `rs_${"a".repeat(44)}`,
    `rg_${"a".repeat(43)}`,
    `rs_${"=".repeat(43)}`,
  ])
    expect(isLinkToken(text)).toBe(false);
});
