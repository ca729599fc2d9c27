import { expect, test } from "bun:test";
import { Refusal } from "../refusal.ts";
import { hashPassphrase, isPassphrase } from "./passphrase.ts";

test("a passphrase is known by its argon2id hash, however its accents were typed", async () => {
  const stored = await hashPassphrase("caf\u00e9 \u{1f511}");
  expect(stored).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  expect(await isPassphrase("cafe\u0301 \u{1f511}", stored)).toBe(true);
  expect(await isPassphrase("cafe \u{1f511}", stored)).toBe(false);
  expect(await hashPassphrase("caf\u00e9 \u{1f511}")).not.toBe(stored);
});

test("a flood of attempts waits in line, and what does not fit is turned away", async () => {
  const stored = await hashPassphrase("right");
  const asked = Array.from({ length: 70 }, () =>
    isPassphrase("wrong", stored).catch((error: unknown) => error),
  );
  const answers = await Promise.all(asked);
  expect(answers.filter((answer) => answer === false)).toHaveLength(52);
  const refused = answers.filter((answer) => answer instanceof Refusal);
  expect(refused.map(({ code }) => code)).toEqual(Array(18).fill("rate-limited"));
  expect(await isPassphrase("right", stored)).toBe(true);
}, 30_000);
