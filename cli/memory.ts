import { createHash } from "node:crypto";
import { appendFileSync, closeSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const NEWLINE = 10;

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

/** One line of the journal: an upload was opened for a file, became a version, or is over. */
interface Line {
  key: string;
  uploadId?: string;
  versionId?: string;
}

const keyOf = ({ path, bytes, modifiedMs }: FileMark) => `${path}\n${bytes}\n${modifiedMs}`;

/**
 * Kept per API and project under the user's state folder (XDG), as a journal of JSON lines: a folder of thousands costs
 * one short line per step, and several calls at once lose nothing of each other. What was cut short by a crash is
 * skipped: that upload starts again, nothing worse.
 */
export function openMemory(
  scope: string,
  folder = join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local/state"), "rushes"),
): Memory {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${createHash("sha256").update(scope).digest("hex").slice(0, 24)}.jsonl`);
  const open = new Map<string, string>();
  const done = new Map<string, string>();
  let readTo = 0;
  const learn = (text: string) => {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      return; // cut short by a crash
    }
    open.delete(line.key);
    if (line.uploadId) open.set(line.key, line.uploadId);
    if (line.versionId) done.set(line.key, line.versionId);
  };
  /** Takes in what this and other calls wrote since. The end of a line that is still being written waits. */
  const catchUp = () => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size < readTo) {
      // Somebody threw it away.
      open.clear();
      done.clear();
      readTo = 0;
    }
    if (size === readTo) return;
    const fresh = Buffer.alloc(size - readTo);
    const handle = openSync(file, "r");
    try {
      readSync(handle, fresh, 0, fresh.length, readTo);
    } finally {
      closeSync(handle);
    }
    const whole = fresh.subarray(0, fresh.lastIndexOf(NEWLINE) + 1);
    readTo += whole.length;
    for (const text of whole.toString().split("\n")) if (text) learn(text);
  };
  // A line feed in front as well: what a crash cut short must not swallow the next line.
  const write = (line: Line) => appendFileSync(file, `\n${JSON.stringify(line)}\n`, { mode: 0o600 });
  const lookUp = (book: Map<string, string>, mark: FileMark) => {
    catchUp();
    return book.get(keyOf(mark));
  };
  return {
    uploadOf: (mark) => lookUp(open, mark),
    remember: (mark, uploadId) => write({ key: keyOf(mark), uploadId }),
    doneAs: (mark) => lookUp(done, mark),
    finish: (mark, versionId) => write({ key: keyOf(mark), versionId }),
    forget: (mark) => write({ key: keyOf(mark) }),
  };
}
