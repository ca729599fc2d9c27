import { type Actor, personOf, type Role } from "../auth/actor.ts";
import { needRole, roleIn } from "../auth/rights.ts";
import type { Sql } from "../db/db.ts";
import { notFound, refuse } from "../refusal.ts";
import { findUpload, type UploadRow } from "./store.ts";

/** Editors and managers upload; a guest only through a share that asks for files. */
export async function needUpload(sql: Sql, actor: Actor, projectId: string, what = "project"): Promise<void> {
  if (actor.kind === "system") return;
  const role = actor.kind === "guest" ? undefined : await roleIn(sql, actor, projectId);
  needUploadAs(actor, role, projectId, what);
}

/** The same for who has read the asker's role already. */
export function needUploadAs(
  actor: Actor,
  role: Role | undefined,
  projectId: string,
  what = "project",
): void {
  if (actor.kind !== "guest") needRole(actor, role, "upload", what);
  else if (actor.projectId !== projectId) notFound(what);
  else if (!actor.allow.upload) refuse("forbidden", "This link does not allow uploads.");
}

/** The upload, if it is the asker's own. Anyone else's reads as absent, whatever their role. */
export async function ownUpload(sql: Sql, actor: Actor, id: string): Promise<UploadRow> {
  const upload = await findUpload(sql, id);
  if (!upload || !isOwn(upload, actor)) notFound("upload");
  await needUpload(sql, actor, upload.projectId, "upload");
  return upload;
}

function isOwn(upload: UploadRow, actor: Actor): boolean {
  if (actor.kind === "system") return true;
  if (actor.kind === "guest") return upload.shareId === actor.shareId && upload.guestId === actor.id;
  return upload.createdBy !== null && upload.createdBy === personOf(actor);
}
