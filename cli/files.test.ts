import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { findFiles, type LeftOut } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "rushes-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function look(...paths: string[]) {
  const left: LeftOut[] = [];
  const files = findFiles(paths, (it) => left.push(it));
  return {
    files: files.map(({ path }) => basename(path)),
    left: left.map(({ file, code }) => [basename(file), code]),
  };
}

test("a name that is no text is told, not passed over", () => {
  const card = join(folder, "latin");
  mkdirSync(card);
  writeFileSync(join(card, "plain.mov"), "1");
  writeFileSync(Buffer.concat([Buffer.from(`${card}/caf`), Buffer.from([0xe9]), Buffer.from(".mov")]), "2");
  expect(look(card)).toEqual({ files: ["plain.mov"], left: [["caf\ufffd.mov", "not-text"]] });
});

test("a file that is named twice, or with its folder, is taken once", () => {
  const card = join(folder, "twice");
  mkdirSync(card);
  for (const name of ["a.mov", "b.mov"]) writeFileSync(join(card, name), "1");
  expect(look(card, join(card, "a.mov"), `${card}/./b.mov`).files).toEqual(["a.mov", "b.mov"]);
});
