import type { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { inTransaction } from "../db/db.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { storageClassOf } from "./create-project.ts";
import type { Project, updateProjectInput } from "./project.ts";
import { askerOf, readProject } from "./read-projects.ts";
import { findProject, type ProjectFields, updateProjectRow } from "./store.ts";

const fieldNames = [
  "name",
  "lockMode",
  "lockDays",
  "storageClass",
  "quotaBytes",
  "allowedTypes",
  "reviewersMayDownload",
] as const satisfies readonly (keyof ProjectFields)[];

/**
 * Changes a project's name or policy. The lock policy is for masters to come: those that are locked keep
 * their date. `expected` is the revision the caller has seen, undefined for any.
 */
export async function updateProject(
  { sql, config }: Pick<Resources, "sql" | "config">,
  actor: Actor,
  projectId: string,
  input: z.output<typeof updateProjectInput>,
  expected: number | undefined,
): Promise<{ project: Project; revision: number }> {
  await need(sql, actor, projectId, "manage");
  if (input.storageClass !== undefined) storageClassOf(config, input.storageClass);
  return inTransaction(sql, async (tx) => {
    const before = (await findProject(tx, projectId, askerOf(actor))) ?? notFound("project");
    const changed = Object.fromEntries(
      fieldNames.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]]])),
    ) as Partial<ProjectFields>;
    const isCurrent = expected === undefined || expected === before.revision;
    if (!isCurrent || !(await updateProjectRow(tx, projectId, { ...before, ...changed }, before.revision)))
      refuse("stale", "The project was changed since you read it.");
    const after = await readProject({ sql: tx as typeof sql, config }, actor, projectId);
    await audit(tx, actor, { projectId, action: "project.updated", subject: projectId, detail: changed });
    return after;
  });
}
