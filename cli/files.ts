import { readdirSync, statSync } from "node:fs";
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

/** Every file below the given paths, in the order of their names. A named file is taken whatever it is called. */
export function findFiles(paths: readonly string[]): Found[] {
  return paths.flatMap((given) => {
    const root = resolve(given);
    const stat = statSync(root);
    if (!stat.isDirectory()) return [markOf(root, [])];
    const top = root.split(sep).at(-1) ?? "";
    const walk = (folder: string): Found[] =>
      readdirSync(folder, { withFileTypes: true })
        .filter(({ name }) => !isLeftOut(name))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((entry) => {
          const path = join(folder, entry.name);
          if (entry.isDirectory()) return walk(path);
          if (!entry.isFile()) return [];
          const between = relative(root, folder).split(sep).filter(Boolean);
          return [markOf(path, [top, ...between])];
        });
    return walk(root);
  });
}

export function markOf(path: string, folders: string[]): Found {
  const { size, mtimeMs } = statSync(path);
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

/** Makes a path of folders in the project, or finds what is there. */
export function openFolders(client: Client, projectId: string) {
  let known: Promise<{ id: string; name: string; parentId: string | null }[]> | undefined;
  return async (path: string[]): Promise<string | undefined> => {
    let parentId: string | null = null;
    for (const name of path) {
      known ??= everyItem(client, `/projects/${projectId}/folders`);
      const list = await known;
      const found = list.find(
        (folder) => folder.parentId === parentId && folder.name.toLowerCase() === name.toLowerCase(),
      );
      if (found) {
        parentId = found.id;
        continue;
      }
      const made: { id: string; name: string; parentId: string | null } = await client.post(
        `/projects/${projectId}/folders`,
        { name, parentId },
      );
      list.push(made);
      parentId = made.id;
    }
    return parentId ?? undefined;
  };
}
