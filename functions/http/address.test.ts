import { expect, test } from "bun:test";
import { Hono } from "hono";
import { addressOf } from "./address.ts";
import type { Env } from "./app.ts";

const key = "the key that the site and the API share";
const ask = async (hops: number, headers: Record<string, string>, socket?: string, SITE_KEY?: string) => {
  const app = new Hono<Env>().get("/", (c) => c.text(addressOf(c, { TRUSTED_PROXY_HOPS: hops, SITE_KEY })));
  const answer = await app.request("/", { headers }, (socket ? { address: socket } : {}) as Env["Bindings"]);
  return answer.text();
};

test.each([
  ["the socket, where no proxy of ours stands before it", 0, "6.6.6.6", "1.1.1.1", "1.1.1.1"],
  ["what our proxy has added", 1, "6.6.6.6, 2.2.2.2", "1.1.1.1", "2.2.2.2"],
  ["what the first of our two proxies has added", 2, "6.6.6.6, 2.2.2.2, 3.3.3.3", "1.1.1.1", "2.2.2.2"],
  ["the nearest there is, when a proxy was bypassed", 2, "", "1.1.1.1", "1.1.1.1"],
  ["in the cloud what the front has added", 0, "6.6.6.6, 2.2.2.2", undefined, "2.2.2.2"],
  ["nothing, when nobody says", 0, "", undefined, "unknown"],
])("the caller's address is %s", async (_, hops, forwarded, socket, expected) => {
  expect(await ask(hops, { "x-forwarded-for": forwarded }, socket, key)).toBe(expected);
});

test("the site speaks for its visitor, and nobody else does", async () => {
  const visitor = { "rushes-visitor": "6.6.6.6, 2.2.2.2, 9.9.9.9" };
  const site = { ...visitor, "rushes-site-key": key };
  expect(await ask(0, site, "1.1.1.1", key)).toBe("9.9.9.9");
  expect(await ask(1, site, "1.1.1.1", key)).toBe("2.2.2.2");
  expect(await ask(0, site, undefined, key)).toBe("9.9.9.9");
  for (const liar of [visitor, { ...visitor, "rushes-site-key": "the key that the site and the API shar3" }])
    expect(await ask(0, liar, "1.1.1.1", key)).toBe("1.1.1.1");
  expect(await ask(0, { ...visitor, "rushes-site-key": "undefined" }, "1.1.1.1")).toBe("1.1.1.1");
});
