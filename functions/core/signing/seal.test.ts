import { expect, test } from "bun:test";
import { deriveKey } from "./derive.ts";
import { seal, unseal } from "./seal.ts";

const secret = "a secret of at least thirty-two characters";

test("what is sealed opens again, in any script", () => {
  const key = deriveKey(secret, "webhook-secret");
  for (const text of ["", "whsec_abc", "Grüße 👋"]) expect(unseal(key, seal(key, text))).toBe(text);
  expect(seal(key, "same")).not.toBe(seal(key, "same"));
});

test("a key of another purpose or secret opens nothing", () => {
  const sealed = seal(deriveKey(secret, "webhook-secret"), "text");
  expect(() => unseal(deriveKey(secret, "share-link"), sealed)).toThrow();
  expect(() => unseal(deriveKey(`${secret}!`, "webhook-secret"), sealed)).toThrow();
});

test("a changed byte is noticed", () => {
  const key = deriveKey(secret, "webhook-secret");
  const bytes = Buffer.from(seal(key, "text").slice(3), "base64url");
  for (const at of [0, 13, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => unseal(key, `s1.${changed.toString("base64url")}`)).toThrow();
  }
});
