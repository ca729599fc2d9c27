import type { z } from "zod";
import { audit } from "../audit/append.ts";
import { type Actor, personOf } from "../auth/actor.ts";
import { needScope } from "../auth/rights.ts";
import type { ApiConfig } from "../config.ts";
import { inTransaction } from "../db/db.ts";
import { newId } from "../id.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { createProjectInput, Project } from "./project.ts";
import { readProject } from "./read-projects.ts";
import { insertMember, insertProject } from "./store.ts";

/** The class that was asked for, if the storage has it; without a wish the deployment's first. */
export function storageClassOf(
  config: Pick<ApiConfig, "STORAGE_CLASSES">,
  wanted: string | undefined,
): string {
  const offered = config.STORAGE_CLASSES;
  if (wanted === undefined) return offered[0] ?? "STANDARD";
  if (offered.includes(wanted)) return wanted;
  const detail = `must be one of ${offered.join(", ")}`;
  refuse("invalid", `/storageClass: ${detail}`, { errors: [{ pointer: "/storageClass", detail }] });
}

/** Opens a project; whoever does becomes its manager. */
export async function createProject(
  { sql, config }: Pick<Resources, "sql" | "config">,
  actor: Actor,
  input: z.output<typeof createProjectInput>,
): Promise<{ project: Project; revision: number }> {
  const personId = personOf(actor) ?? refuse("forbidden", "Only people of this deployment open projects.");
  needScope(actor, "manage");
  const projectId = newId("project");
  return inTransaction(sql, async (tx) => {
    await insertProject(tx, {
      id: projectId,
      createdBy: personId,
      name: input.name,
      lockMode: input.lockMode ?? config.MASTER_LOCK_MODE,
      lockDays: input.lockDays ?? config.MASTER_LOCK_DAYS,
      storageClass: storageClassOf(config, input.storageClass),
      quotaBytes: input.quotaBytes ?? null,
      allowedTypes: input.allowedTypes ?? null,
      reviewersMayDownload: input.reviewersMayDownload ?? false,
    });
    await insertMember(tx, { projectId, personId, role: "manager" });
    const opened = await readProject({ sql: tx as typeof sql, config }, actor, projectId);
    await audit(tx, actor, {
      projectId,
      action: "project.created",
      subject: projectId,
      detail: { name: input.name },
    });
    return opened;
  });
}
