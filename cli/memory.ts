import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
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
  /** Whether this very file was promoted already; `watch` leaves it alone. */
  isDone(mark: FileMark): boolean;
  finish(mark: FileMark, versionId: string): void;
  forget(mark: FileMark): void;
}

interface Book {
  open: Record<string, string>;
  done: Record<string, string>;
}

/** Kept per API and project under the user's state folder (XDG), written whole and renamed into place. */
export function openMemory(
  scope: string,
  folder = join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local/state"), "rushes"),
): Memory {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${createHash("sha256").update(scope).digest("hex").slice(0, 24)}.json`);
  const keyOf = ({ path, bytes, modifiedMs }: FileMark) => `${path}\n${bytes}\n${modifiedMs}`;
  const read = (): Book => {
    if (!existsSync(file)) return { open: {}, done: {} };
    try {
      return JSON.parse(readFileSync(file, "utf8")) as Book;
    } catch {
      return { open: {}, done: {} }; // cut short by a crash: uploads start again, nothing worse
    }
  };
  const change = (edit: (book: Book) => void) => {
    const book = read();
    edit(book);
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(book), { mode: 0o600 });
    renameSync(draft, file);
  };
  return {
    uploadOf: (mark) => read().open[keyOf(mark)],
    remember: (mark, uploadId) =>
      change((book) => {
        book.open[keyOf(mark)] = uploadId;
      }),
    isDone: (mark) => keyOf(mark) in read().done,
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
