import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMemory } from "./memory.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rushes-memory-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const journal = () => join(folder, readdirSync(folder)[0] ?? "");
const mark = (path: string, bytes = 10) => ({ path, bytes, modifiedMs: 1_700_000_000_000 });

test("an upload is remembered until it is a version or forgotten, and a changed file is another", () => {
  const memory = openMemory("api\nproject", folder);
  memory.remember(mark("/a.mov"), "upl_1");
  memory.remember(mark("/b.mov"), "upl_2");
  expect(memory.uploadOf(mark("/a.mov"))).toBe("upl_1");
  expect(memory.uploadOf(mark("/a.mov", 11))).toBeUndefined();
  memory.finish(mark("/a.mov"), "ver_1");
  expect(memory.uploadOf(mark("/a.mov"))).toBeUndefined();
  expect(memory.doneAs(mark("/a.mov"))).toBe("ver_1");
  memory.forget(mark("/b.mov"));
  expect(memory.uploadOf(mark("/b.mov"))).toBeUndefined();
  const later = openMemory("api\nproject", folder);
  expect(later.doneAs(mark("/a.mov"))).toBe("ver_1");
  expect(openMemory("api\nother", folder).doneAs(mark("/a.mov"))).toBeUndefined();
});

test("two calls at once see each other's steps and lose none", () => {
  const [one, other] = [openMemory("s", folder), openMemory("s", folder)];
  for (let i = 0; i < 50; i++) {
    one.remember(mark(`/one ${i}`), `upl_one_${i}`);
    other.finish(mark(`/other ${i}`), `ver_other_${i}`);
  }
  expect(one.doneAs(mark("/other 49"))).toBe("ver_other_49");
  expect(other.uploadOf(mark("/one 0"))).toBe("upl_one_0");
});

test("a line that a crash cut short costs that line and no other, a lost journal only its memory", () => {
  const memory = openMemory("s", folder);
  memory.finish(mark("/a\n«ü».mov"), "ver_1");
  memory.remember(mark("/cut.mov"), "upl_cut");
  truncateSync(journal(), Bun.file(journal()).size - 9);
  memory.finish(mark("/b.mov"), "ver_2");
  const later = openMemory("s", folder);
  expect(later.doneAs(mark("/a\n«ü».mov"))).toBe("ver_1");
  expect(later.uploadOf(mark("/cut.mov"))).toBeUndefined();
  expect(later.doneAs(mark("/b.mov"))).toBe("ver_2");
  rmSync(journal());
  expect(later.doneAs(mark("/b.mov"))).toBeUndefined();
  later.remember(mark("/c.mov"), "upl_3");
  expect(later.uploadOf(mark("/c.mov"))).toBe("upl_3");
});
