import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, readConfig, variableNames } from "#core/config.ts";

const root = join(import.meta.dir, "../..");
const text = readFileSync(join(root, ".env.example"), "utf8");
const shown = [...text.matchAll(/^(#?)([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, off, name = "", value = ""]) => ({
  name,
  value,
  isSet: off === "",
}));
const names = shown.map(({ name }) => name);
const edgeNames = [
  ...new Set(readFileSync(join(root, "edge/check-env.sh"), "utf8").match(/\b(EDGE|CACHE)_[A-Z_]+\b/g) ?? []),
];

test("every variable of the product is shown once", () => {
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  expect(variableNames.filter((name) => !names.includes(name))).toEqual([]);
});

test("every variable of the edge is shown", () => {
  expect(edgeNames.length).toBeGreaterThan(10);
  expect(edgeNames.filter((name) => !names.includes(name))).toEqual([]);
});

test("nothing is shown that nobody reads", () => {
  const read = new Set([
    ...variableNames,
    ...edgeNames,
    "S3_EDGE_ACCESS_KEY_ID",
    "S3_EDGE_SECRET_ACCESS_KEY",
  ]);
  expect(names.filter((name) => !read.has(name))).toEqual([]);
});

test.each(["api", "worker"] as const)("once its secrets are filled in, the %s accepts it", (process) => {
  const filled = shown.filter(({ isSet }) => isSet).map(({ name, value }) => [name, value || "x".repeat(40)]);
  const read = () =>
    process === "api"
      ? readConfig(Object.fromEntries(filled), "api")
      : readConfig(Object.fromEntries(filled), "worker");
  expect(read).not.toThrow();
});

test("what is commented out is optional, what is not is needed", () => {
  const faults = (process: "api" | "worker"): string => {
    try {
      process === "api" ? readConfig({}, "api") : readConfig({}, "worker");
      return "";
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  };
  const needed = [...(faults("api") + faults("worker")).matchAll(/^ {2}([A-Z0-9_]+): is missing$/gm)].map(
    ([, name]) => name,
  );
  const set = new Set(shown.filter(({ isSet }) => isSet).map(({ name }) => name));
  expect(needed.filter((name) => !set.has(name ?? ""))).toEqual([]);
});
