import type { z } from "zod";
import type { approval, verdicts } from "../assets/asset.ts";
import type { Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import type { ReviewRequest } from "./approval.ts";

type Verdict = (typeof verdicts)[number];
export type Approval = z.output<typeof approval>;

/** Who gave it: a person, or a guest of a share under a name. */
export interface Voice {
  personId: string | null;
  shareId: string | null;
  name: string;
}

export async function insertApproval(
  sql: Sql,
  given: Voice & { projectId: string; versionId: string; verdict: Verdict; note: string | null },
): Promise<{ id: string; at: Date }> {
  const [row] = await sql<{ id: string; at: Date }[]>`
    insert into approvals (id, project_id, version_id, verdict, note, person_id, share_id, name)
    values (${newId("approval")}, ${given.projectId}, ${given.versionId}, ${given.verdict}, ${given.note},
      ${given.personId}, ${given.shareId}, ${given.name})
    returning id, at`;
  return row as { id: string; at: Date };
}

/**
 * Brings `versions.verdict` in step: one wish for changes outweighs every approval; approved needs an approval
 * and that of everybody who was asked and still is a member. Only the latest word of each counts. Holds the version's row.
 */
export async function settleVerdict(sql: Sql, versionId: string): Promise<void> {
  await sql`select 1 from versions where id = ${versionId} for no key update`;
  await sql`
    with latest as (
      select distinct on (coalesce(person_id, share_id || ':' || name)) verdict, person_id
      from approvals where version_id = ${versionId}
      order by coalesce(person_id, share_id || ':' || name), at desc, id desc)
    update versions set verdict = case
      when exists (select 1 from latest where verdict = 'changes-requested') then 'changes-requested'
      when exists (select 1 from latest where verdict = 'approved') and not exists (
        select 1 from review_requests r join people p on p.id = r.person_id
        where r.version_id = ${versionId}
          and (p.deployment_role = 'admin' or exists (
            select 1 from memberships m where m.project_id = r.project_id and m.person_id = r.person_id))
          and not exists (
            select 1 from latest l where l.person_id = r.person_id and l.verdict = 'approved')) then 'approved'
      else 'none' end
    where id = ${versionId}`;
}

export async function listApprovalRows(
  sql: Sql,
  query: { versionId: string; after?: { at: Date; id: string } | undefined; limit: number },
): Promise<{ approval: Approval; at: Date }[]> {
  const { versionId, after, limit } = query;
  const rows = await sql<(Voice & { id: string; verdict: Verdict; note: string | null; at: Date })[]>`
    select id, verdict, note, person_id as "personId", share_id as "shareId", name, at from approvals
    where version_id = ${versionId} ${after ? sql`and (at, id) < (${after.at}, ${after.id})` : sql``}
    order by at desc, id desc limit ${limit}`;
  return rows.map((row) => ({
    at: row.at,
    approval: {
      id: row.id,
      versionId,
      verdict: row.verdict,
      note: row.note,
      author: {
        kind: row.personId ? ("person" as const) : ("guest" as const),
        id: row.personId ?? row.shareId,
        name: row.name,
      },
      at: row.at.toISOString(),
    },
  }));
}

/** Those among `personIds` who may give a verdict in this project. */
export async function reviewersAmong(sql: Sql, projectId: string, personIds: string[]): Promise<Set<string>> {
  const rows = await sql<{ id: string }[]>`
    select p.id from people p
    left join memberships m on m.person_id = p.id and m.project_id = ${projectId}
    where p.id = any(${personIds}) and (m.role in ('reviewer', 'editor', 'manager') or p.deployment_role = 'admin')`;
  return new Set(rows.map((row) => row.id));
}

/** Asking the same person again changes the date and the note. */
export async function upsertReviewRequest(
  sql: Sql,
  request: {
    projectId: string;
    versionId: string;
    personId: string;
    dueAt: Date | null;
    note: string | null;
    requestedBy: string;
  },
): Promise<void> {
  await sql`
    insert into review_requests (id, project_id, version_id, person_id, due_at, note, requested_by)
    values (${newId("reviewRequest")}, ${request.projectId}, ${request.versionId}, ${request.personId},
      ${request.dueAt}, ${request.note}, ${request.requestedBy})
    on conflict (version_id, person_id) do update
      set due_at = excluded.due_at, note = excluded.note, requested_by = excluded.requested_by`;
}

export async function findReviewRequest(
  sql: Sql,
  id: string,
): Promise<{ id: string; versionId: string; projectId: string; personId: string } | undefined> {
  const [row] = await sql<{ id: string; versionId: string; projectId: string; personId: string }[]>`
    select id, version_id as "versionId", project_id as "projectId", person_id as "personId"
    from review_requests where id = ${id}`;
  return row;
}

interface RequestRow {
  id: string;
  versionId: string;
  projectId: string;
  assetId: string;
  assetName: string;
  versionNumber: number;
  personId: string;
  personName: string;
  requestedBy: string;
  dueAt: Date | null;
  note: string | null;
  verdict: Verdict | null;
  createdAt: Date;
}

/** Of a version, or of a person in the projects where that person still is a member. */
export async function listRequestRows(
  sql: Sql,
  where: { versionId: string } | { personId: string; projectId?: string | undefined; isOpen: boolean },
): Promise<ReviewRequest[]> {
  const rows = await sql<RequestRow[]>`
    select r.id, r.version_id as "versionId", r.project_id as "projectId", a.id as "assetId", a.name as "assetName",
      v.number as "versionNumber", p.id as "personId", p.name as "personName", asker.name as "requestedBy",
      r.due_at as "dueAt", r.note, latest.verdict, r.created_at as "createdAt"
    from review_requests r
    join versions v on v.id = r.version_id and v.deleted_at is null
    join assets a on a.id = v.asset_id and a.deleted_at is null
    join projects on projects.id = r.project_id and projects.deleted_at is null
    join people p on p.id = r.person_id
    join people asker on asker.id = r.requested_by
    left join lateral (select verdict from approvals where version_id = r.version_id and person_id = r.person_id
                       order by at desc, id desc limit 1) latest on true
    where ${
      "versionId" in where
        ? sql`r.version_id = ${where.versionId}`
        : sql`r.person_id = ${where.personId}
          and (p.deployment_role = 'admin' or exists (select 1 from memberships m
               where m.project_id = r.project_id and m.person_id = r.person_id))
          ${where.projectId ? sql`and r.project_id = ${where.projectId}` : sql``}
          ${where.isOpen ? sql`and latest.verdict is null` : sql``}`
    }
    order by r.due_at nulls last, r.created_at, r.id limit 200`;
  return rows.map((row) => ({
    id: row.id,
    versionId: row.versionId,
    projectId: row.projectId,
    assetId: row.assetId,
    assetName: row.assetName,
    versionNumber: row.versionNumber,
    person: { id: row.personId, name: row.personName },
    requestedBy: row.requestedBy,
    dueAt: row.dueAt?.toISOString() ?? null,
    note: row.note,
    verdict: row.verdict,
    createdAt: row.createdAt.toISOString(),
  }));
}
