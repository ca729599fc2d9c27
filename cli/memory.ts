import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A file as it was when its upload began; another size or time is another file. */
export interface FileMark {
  path: string;
  bytes: number;
  modifiedMs: number;
}

/** What this machine remembers of its uploads, so that a second call goes on where the first was stopped. */
export interface Memory {
  uploadOf(mark: FileMark): string | undefined;
  remember(mark: FileMark, uploadId: string): void;
  /** The version that this very file became already. */
  doneAs(mark: FileMark): string | undefined;
  finish(mark: FileMark, versionId: string): void;
  forget(mark: FileMark): void;
}

interface Book {
  open: Record<string, string>;
  done: Record<string, string>;
}

function readBook(file: string): Book {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Book;
  } catch {
    return { open: {}, done: {} }; // cut short by a crash: uploads start again, nothing worse
  }
}

/** Kept per API and project under the user's state folder (XDG), written whole and renamed into place. */
export function openMemory(
  scope: string,
  folder = join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local/state"), "rushes"),
): Memory {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${createHash("sha256").update(scope).digest("hex").slice(0, 24)}.json`);
  const keyOf = ({ path, bytes, modifiedMs }: FileMark) => `${path}\n${bytes}\n${modifiedMs}`;
  let known: { at: string; book: Book } | undefined;
  /** Read again only when another call wrote it: a folder of thousands is looked up every second. */
  const read = (): Book => {
    const stat = statSync(file, { throwIfNoEntry: false });
    const at = `${stat?.ino} ${stat?.mtimeMs} ${stat?.size}`;
    if (known?.at !== at) known = { at, book: stat ? readBook(file) : { open: {}, done: {} } };
    return known.book;
  };
  const change = (edit: (book: Book) => void) => {
    const book = read();
    edit(book);
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(book), { mode: 0o600 });
    renameSync(draft, file);
    known = undefined;
  };
  return {
    uploadOf: (mark) => read().open[keyOf(mark)],
    remember: (mark, uploadId) =>
      change((book) => {
        book.open[keyOf(mark)] = uploadId;
      }),
    doneAs: (mark) => read().done[keyOf(mark)],
    finish: (mark, versionId) =>
      change((book) => {
        delete book.open[keyOf(mark)];
        book.done[keyOf(mark)] = versionId;
      }),
    forget: (mark) =>
      change((book) => {
        delete book.open[keyOf(mark)];
      }),
  };
}
