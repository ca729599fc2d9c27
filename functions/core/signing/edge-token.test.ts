import { describe, expect, test } from "bun:test";
import { MAX_TOKEN_TTL_SECONDS, parseEdgeKey, playbackExpiry, signEdgeToken } from "./edge-token.ts";
import vectors from "./edge-token.vectors.json";

describe("the signer", () => {
  const keys = [parseEdgeKey(vectors.keys.current), parseEdgeKey(vectors.keys.previous)];
  for (const vector of vectors.cases.filter((one) => one.sign)) {
    test(`signs the vector: ${vector.name}`, () => {
      const key = keys.find((one) => one.kid === vector.kid);
      expect(signEdgeToken(key!, vector.versionId, Number(vector.exp))).toBe(
        `/v/${vector.kid}.${vector.exp}.${vector.mac}/assets/${vector.versionId}/`,
      );
    });
  }

  test("refuses a version id that would not stay one path segment", () => {
    for (const id of ["", "A1", "a/b", "..", ".a", "a.b", "a b", "a\n", "é", "a".repeat(65)])
      expect(() => signEdgeToken(keys[0]!, id, 1_800_000_000)).toThrow("version id");
  });

  test("refuses an expiry that is not whole Unix seconds", () => {
    for (const exp of [0, -1, 1.5, Number.NaN, 1_800_000_000_000])
      expect(() => signEdgeToken(keys[0]!, "a1", exp)).toThrow("exp");
  });
});

test("a key is refused without repeating it", () => {
  for (const text of [
    "",
    "k1",
    "k1:short",
    `K1:${"s".repeat(32)}`,
    `__proto__:${"s".repeat(32)}`,
    `:${"s".repeat(32)}`,
  ])
    expect(() => parseEdgeKey(text)).toThrow(/^an edge key is kid:secret/);
  expect(parseEdgeKey(`k1:a:b${"s".repeat(32)}`)).toEqual({ kid: "k1", secret: `a:b${"s".repeat(32)}` });
});

describe("the expiry of a playback token", () => {
  const now = 1_800_000_123_456;
  const lifeOf = (duration: number) => playbackExpiry(now, duration) - now / 1000;

  test("covers the duration twice and pauses, at least an hour", () => {
    expect(lifeOf(10)).toBeGreaterThanOrEqual(3_600);
    expect(lifeOf(7_200)).toBeGreaterThanOrEqual(2 * 7_200 + 1_800);
    expect(lifeOf(10)).toBeLessThanOrEqual(3_600 + 900);
  });

  test("never exceeds what the edge accepts", () => {
    for (const duration of [0, 3_600, 40_000, 90_000, 1e12, Number.NaN, Number.POSITIVE_INFINITY, -5])
      expect(lifeOf(duration)).toBeLessThanOrEqual(MAX_TOKEN_TTL_SECONDS);
  });

  test("is the same for everybody who asks within a step, and ends with a slot of the edge", () => {
    const answers = new Set(
      Array.from({ length: 700 }, (_, second) => playbackExpiry(1_800_000_001_000 + second * 1000, 60)),
    );
    expect(answers.size).toBe(1);
    for (const exp of answers) expect(exp % 100).toBe(0);
  });
});
