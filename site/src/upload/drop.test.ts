import { expect, test } from "bun:test";
import { filesOfDrop } from "./drop.ts";

/** Entries as a browser hands them out; a file without content is one that it may not read. */
const fileEntry = (name: string, text?: string) => ({
  name,
  isDirectory: false,
  file: (take: (file: File) => void, fail: (error: Error) => void) =>
    text === undefined ? fail(new DOMException("gone", "NotFoundError")) : take(new File([text], name)),
});
const folderEntry = (name: string, entries: object[] | undefined) => ({
  name,
  isDirectory: true,
  createReader: () => {
    const left = entries && [entries, []];
    return {
      readEntries: (take: (found: object[]) => void, fail: (error: Error) => void) =>
        left ? take(left.shift() ?? []) : fail(new DOMException("locked", "NotReadableError")),
    };
  },
});

test("what cannot be read in a dropped folder stays behind by name, and stops none of the rest", async () => {
  const entry = folderEntry("Card", [
    fileEntry("A001.mov", "one"),
    fileEntry("A002.mov"),
    fileEntry(".DS_Store", "none"),
    folderEntry("Locked", undefined),
    folderEntry("Sound", [fileEntry("A003.wav", "three")]),
  ]);
  const item = { kind: "file", webkitGetAsEntry: () => entry, getAsFile: () => null };
  const unread: string[] = [];
  const found = await filesOfDrop({ items: [item] } as unknown as DataTransfer, (name) => unread.push(name));
  expect(found.map(({ file, path }) => [...path, file.name].join("/"))).toEqual([
    "Card/A001.mov",
    "Card/Sound/A003.wav",
  ]);
  expect(unread).toEqual(["A002.mov", "Locked"]);
});
