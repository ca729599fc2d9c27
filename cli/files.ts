import { readdirSync, type Stats, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Client } from "./client.ts";
import type { FileMark } from "./memory.ts";

export interface Found extends FileMark {
  /** Folders between what was named on the command line and the file. */
  folders: string[];
}

/** Not footage: hidden files, MHL histories, our own sidecars, what file managers leave. */
const isLeftOut = (name: string) =>
  name.startsWith(".") ||
  name === "ascmhl" ||
  name.endsWith(".rushes.json") ||
  /^(Thumbs\.db|desktop\.ini)$/i.test(name);

/** What lies in a folder and is not taken, with the reason. */
export interface LeftOut {
  file: string;
  code: "dangling" | "linked-folder" | "unreadable" | "not-text";
}

/** Footage may be missing then: whoever asked for all of it must not take the call for a success. */
export const isLoss = ({ code }: LeftOut) => code === "unreadable" || code === "not-text";

/**
 * Every file below the given paths, once, in the order of their names. A named file is taken whatever it is called; links
 * to files are followed, links to folders are not, since they may lead back.
 */
export function findFiles(paths: readonly string[], leaveOut: (it: LeftOut) => void = () => {}): Found[] {
  const entriesOf = (folder: string) => {
    try {
      return readdirSync(folder, { withFileTypes: true });
    } catch {
      leaveOut({ file: folder, code: "unreadable" });
      return [];
    }
  };
  const found = paths.flatMap((given) => {
    const root = resolve(given);
    if (!statSync(root).isDirectory()) return [markOf(root, [])];
    const top = root.split(sep).at(-1) ?? "";
    const walk = (folder: string): Found[] =>
      entriesOf(folder)
        .filter(({ name }) => !isLeftOut(name))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((entry) => {
          const path = join(folder, entry.name);
          if (entry.isDirectory()) return walk(path);
          const stat = targetOf(path);
          if (stat?.isFile())
            return [foundOf(path, stat, [top, ...relative(root, folder).split(sep).filter(Boolean)])];
          if (entry.isSymbolicLink()) leaveOut({ file: path, code: stat ? "linked-folder" : "dangling" });
          else if (!stat) leaveOut({ file: path, code: path.includes("\ufffd") ? "not-text" : "unreadable" });
          return [];
        });
    return walk(root);
  });
  return [...new Map(found.map((file) => [file.path, file])).values()];
}

/** Undefined for what is gone by now, a link to nowhere or one to itself. */
function targetOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

export const markOf = (path: string, folders: string[]): Found => foundOf(path, statSync(path), folders);

function foundOf(path: string, { size, mtimeMs }: Stats, folders: string[]): Found {
  return { path, bytes: size, modifiedMs: Math.round(mtimeMs), folders };
}

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export async function everyItem<T>(client: Client, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `${path.includes("?") ? "&" : "?"}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
    const page: Page<T> = await client.get<Page<T>>(path + query);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

/** A project by its id or its exact name. */
export async function findProject(client: Client, wanted: string): Promise<string> {
  if (wanted.startsWith("prj_")) return wanted;
  const projects = await everyItem<{ id: string; name: string }>(client, "/projects");
  const named = projects.filter(({ name }) => name === wanted);
  if (named.length === 1 && named[0]) return named[0].id;
  if (named.length > 1)
    throw new Error(
      `several projects are called "${wanted}"; give the id: ${named.map(({ id }) => id).join(", ")}`,
    );
  throw new Error(
    `you see no project called "${wanted}". Yours: ${projects.map(({ name }) => name).join(", ") || "none"}`,
  );
}

interface Folder {
  id: string;
  name: string;
  parentId: string | null;
}

/** Makes a path of folders in the project, or finds what is there; each once, however many files ask for it. */
export function openFolders(client: Client, projectId: string) {
  let known: Promise<Folder[]> | undefined;
  const asked = new Map<string, Promise<string>>();
  const folderAt = async (path: string[]): Promise<string | undefined> => {
    const name = path.at(-1);
    if (name === undefined) return undefined;
    const key = path.join("/").toLowerCase();
    const id = asked.get(key) ?? findOrMake(path.slice(0, -1), name);
    asked.set(key, id);
    return id;
  };
  const findOrMake = async (above: string[], name: string): Promise<string> => {
    const parentId = (await folderAt(above)) ?? null;
    known ??= everyItem<Folder>(client, `/projects/${projectId}/folders`);
    const found = (await known).find(
      (folder) => folder.parentId === parentId && folder.name.toLowerCase() === name.toLowerCase(),
    );
    return (found ?? (await client.post<Folder>(`/projects/${projectId}/folders`, { name, parentId }))).id;
  };
  return folderAt;
}
