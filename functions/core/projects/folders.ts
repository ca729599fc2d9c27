import { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { pageOf, placeOf } from "../db/cursor.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import {
  deleteFolderRow,
  type FolderRow,
  findFolder,
  findFolders,
  folderOf,
  insertFolder,
  isEmpty,
  isNameTaken,
  isWithin,
  updateFolderRow,
} from "./folder-store.ts";
import type { createFolderInput, folder, updateFolderInput } from "./project.ts";
import { lockProject } from "./store.ts";

type Deps = Pick<Resources, "sql">;
type Folder = z.infer<typeof folder>;
interface Read {
  folder: Folder;
  revision: number;
}

const read = (row: FolderRow): Read => ({ folder: folderOf(row), revision: row.revision });

/** Every folder of a project by name, whatever its depth: `parentId` makes the tree. */
export async function listFolders(
  { sql }: Deps,
  actor: Actor,
  projectId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: Folder[]; nextCursor: string | null }> {
  await need(sql, actor, projectId, "watch");
  const after = placeOf(cursor, [z.string(), z.string()]);
  const rows = await findFolders(sql, projectId, { limit, after });
  return pageOf(rows, limit, folderOf, (row) => [row.name, row.id]);
}

export async function readFolder({ sql }: Deps, actor: Actor, projectId: string, id: string): Promise<Read> {
  await need(sql, actor, projectId, "watch");
  return read((await findFolder(sql, projectId, id)) ?? notFound("folder"));
}

export async function createFolder(
  { sql }: Deps,
  actor: Actor,
  projectId: string,
  input: z.output<typeof createFolderInput>,
): Promise<Read> {
  await need(sql, actor, projectId, "edit");
  return inTransaction(sql, async (tx) => {
    const parentId = input.parentId ?? null;
    await needPlace(tx, projectId, parentId);
    const row = await insertFolder(tx, newId("folder"), { projectId, parentId, name: input.name });
    if (!row) refuseTaken(input.name);
    await audit(tx, actor, {
      projectId,
      action: "folder.created",
      subject: row.id,
      detail: { name: row.name, parentId },
    });
    return read(row);
  });
}

/** Renames or moves a folder; never into itself or one of its own. */
export async function updateFolder(
  { sql }: Deps,
  actor: Actor,
  projectId: string,
  id: string,
  input: z.output<typeof updateFolderInput>,
  expected: number | undefined,
): Promise<Read> {
  await need(sql, actor, projectId, "edit");
  return inTransaction(sql, async (tx) => {
    const before = await folderToChange(tx, projectId, id, expected);
    const parentId = input.parentId === undefined ? before.parentId : input.parentId;
    const name = input.name ?? before.name;
    if (parentId !== before.parentId) await needPlace(tx, projectId, parentId);
    if (parentId !== null && (await isWithin(tx, id, parentId)))
      refuse("conflict", "A folder cannot lie in itself or in one of its own folders.");
    if (await isNameTaken(tx, { projectId, parentId, name }, id)) refuseTaken(name);
    const row = (await updateFolderRow(tx, id, { parentId, name })) ?? notFound("folder");
    await audit(tx, actor, {
      projectId,
      action: "folder.updated",
      subject: id,
      detail: { from: { name: before.name, parentId: before.parentId }, to: { name, parentId } },
    });
    return read(row);
  });
}

/** Deletes an empty folder. What it holds is never deleted along with it. */
export async function deleteFolder(
  { sql }: Deps,
  actor: Actor,
  projectId: string,
  id: string,
  expected: number | undefined,
): Promise<void> {
  await need(sql, actor, projectId, "edit");
  await inTransaction(sql, async (tx) => {
    const before = await folderToChange(tx, projectId, id, expected);
    if (!(await isEmpty(tx, id)))
      refuse("conflict", "The folder is not empty. Move or delete what it holds first.");
    await deleteFolderRow(tx, id);
    await audit(tx, actor, {
      projectId,
      action: "folder.deleted",
      subject: id,
      detail: { name: before.name },
    });
  });
}

/** One move at a time in a project: two at once could close a circle that neither sees. */
async function folderToChange(
  tx: Sql,
  projectId: string,
  id: string,
  expected: number | undefined,
): Promise<FolderRow> {
  if (!(await lockProject(tx, projectId))) notFound("project");
  const row = (await findFolder(tx, projectId, id)) ?? notFound("folder");
  if (expected !== undefined && expected !== row.revision)
    refuse("stale", "The folder was changed since you read it.");
  return row;
}

async function needPlace(tx: Sql, projectId: string, parentId: string | null): Promise<void> {
  if (parentId === null || (await findFolder(tx, projectId, parentId))) return;
  refuse("invalid", "There is no such folder in this project.", {
    errors: [{ pointer: "/parentId", detail: "no folder of this project" }],
  });
}

function refuseTaken(name: string): never {
  refuse("conflict", `There is a folder named "${name}" in this place already.`);
}
