import type { Role } from "../auth/actor.ts";
import type { Sql } from "../db/db.ts";
import { type EdgeSigner, signPlayback } from "../previews/playback.ts";
import type { Preview } from "../previews/preview.ts";
import type { Project } from "./project.ts";

export interface ProjectRow extends Omit<Project, "createdAt" | "updatedAt" | "posters"> {
  faces: { id: string; preview: Preview }[];
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

export const projectOf = (row: ProjectRow, signer: EdgeSigner): Project => ({
  id: row.id,
  name: row.name,
  role: row.role,
  lockMode: row.lockMode,
  lockDays: row.lockDays,
  storageClass: row.storageClass,
  quotaBytes: row.quotaBytes,
  storageUsedBytes: row.storageUsedBytes,
  assetCount: row.assetCount,
  posters: row.faces.flatMap(({ id, preview }) => signPlayback(signer, id, preview, 0).poster ?? []),
  allowedTypes: row.allowedTypes,
  reviewersMayDownload: row.reviewersMayDownload,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

/** As one person sees it; a deployment admin reads as manager everywhere. */
const columns = (sql: Sql, isAdmin: boolean) => sql`
  p.id, p.name, p.revision, p.lock_mode as "lockMode", p.lock_days as "lockDays",
  p.storage_class as "storageClass", p.quota_bytes as "quotaBytes",
  p.allowed_types as "allowedTypes", p.reviewers_may_download as "reviewersMayDownload",
  p.created_at as "createdAt", p.updated_at as "updatedAt",
  ${isAdmin ? sql`'manager'` : sql`m.role`} as role,
  coalesce((select s.used_bytes from project_storage s where s.project_id = p.id), 0)::bigint as "storageUsedBytes",
  (select count(*) from assets a where a.project_id = p.id and a.deleted_at is null)::int as "assetCount",
  array(
    select jsonb_build_object('id', shown.id, 'preview', shown.preview) from assets a
    join lateral (
      select v.id, v.preview from versions v
      where v.asset_id = a.id and v.deleted_at is null and v.preview ->> 'poster' is not null
      order by v.number desc limit 1) shown on true
    where a.project_id = p.id and a.deleted_at is null
    order by a.created_at desc, a.id desc limit 3) as faces`;

const from = (sql: Sql, personId: string | null) => sql`
  from projects p left join memberships m on m.project_id = p.id and m.person_id = ${personId}`;

export interface Asker {
  /** Null for the system. */
  personId: string | null;
  isAdmin: boolean;
}

export async function findProject(
  sql: Sql,
  id: string,
  { personId, isAdmin }: Asker,
): Promise<ProjectRow | undefined> {
  const [row] = await sql<ProjectRow[]>`
    select ${columns(sql, isAdmin)} ${from(sql, personId)} where p.id = ${id} and p.deleted_at is null`;
  return row;
}

/** Projects of one person (all for an admin), newest first, one more than `limit`. */
export async function findProjects(
  sql: Sql,
  { personId, isAdmin }: Asker,
  page: { limit: number; q?: string | undefined; after?: readonly [Date, string] | undefined },
): Promise<ProjectRow[]> {
  return sql<ProjectRow[]>`
    select ${columns(sql, isAdmin)} ${from(sql, personId)}
    where p.deleted_at is null ${isAdmin ? sql`` : sql`and m.role is not null`}
      ${page.q ? sql`and position(lower(${page.q}) in lower(p.name)) > 0` : sql``}
      ${page.after ? sql`and (p.created_at, p.id) < (${page.after[0]}, ${page.after[1]})` : sql``}
    order by p.created_at desc, p.id desc limit ${page.limit + 1}`;
}

export interface ProjectFields {
  name: string;
  lockMode: Project["lockMode"];
  lockDays: number;
  storageClass: string;
  quotaBytes: number | null;
  allowedTypes: string[] | null;
  reviewersMayDownload: boolean;
}

export async function insertProject(
  sql: Sql,
  project: ProjectFields & { id: string; createdBy: string },
): Promise<void> {
  await sql`insert into projects
      (id, name, lock_mode, lock_days, storage_class, quota_bytes, allowed_types, reviewers_may_download, created_by)
    values (${project.id}, ${project.name}, ${project.lockMode}, ${project.lockDays}, ${project.storageClass},
            ${project.quotaBytes}, ${project.allowedTypes}, ${project.reviewersMayDownload}, ${project.createdBy})`;
  await sql`insert into project_storage (project_id) values (${project.id})`;
}

/** False: it changed since `revision`, or is gone. */
export async function updateProjectRow(
  sql: Sql,
  id: string,
  fields: ProjectFields,
  revision: number,
): Promise<boolean> {
  const rows = await sql`update projects set name = ${fields.name}, lock_mode = ${fields.lockMode},
      lock_days = ${fields.lockDays}, storage_class = ${fields.storageClass}, quota_bytes = ${fields.quotaBytes}, allowed_types = ${fields.allowedTypes},
      reviewers_may_download = ${fields.reviewersMayDownload}, revision = revision + 1, updated_at = now()
    where id = ${id} and revision = ${revision} and deleted_at is null returning 1`;
  return rows.length === 1;
}

/**
 * Holds the project's row until commit, so that changes of members or folders come one by one. False when it is gone.
 * `everything` also holds up whoever adds something that names the project.
 */
export async function lockProject(sql: Sql, id: string, { everything = false } = {}): Promise<boolean> {
  const rows = await sql`select 1 from projects where id = ${id} and deleted_at is null
    ${everything ? sql`for update` : sql`for no key update`}`;
  return rows.length === 1;
}

/** What keeps a project from being deleted. */
export async function findObstacles(sql: Sql, projectId: string) {
  const [row] = await sql<{ held: number; lockedUntil: Date | null; unfinished: number }[]>`
    select count(*) filter (where legal_hold)::int as held,
      max(lock_until) filter (where lock_until > now()) as "lockedUntil",
      count(*) filter (where state = 'promoting')::int as unfinished
    from versions where project_id = ${projectId} and deleted_at is null`;
  return row ?? { held: 0, lockedUntil: null, unfinished: 0 };
}

/** Marks the project and all it holds; the sweep removes the objects afterwards. */
export async function markDeleted(sql: Sql, id: string): Promise<void> {
  await sql`update versions set deleted_at = now(), updated_at = now() where project_id = ${id} and deleted_at is null`;
  await sql`update assets set deleted_at = now(), updated_at = now(), revision = revision + 1
    where project_id = ${id} and deleted_at is null`;
  await sql`update preview_jobs set state = 'cancelled', finished_at = now()
    where project_id = ${id} and state in ('queued', 'running')`;
  await sql`update shares set revoked_at = now(), updated_at = now(), revision = revision + 1
    where project_id = ${id} and revoked_at is null`;
  await sql`update webhook_endpoints set deleted_at = now(), updated_at = now()
    where project_id = ${id} and deleted_at is null`;
  await sql`update projects set deleted_at = now(), updated_at = now(), revision = revision + 1 where id = ${id}`;
}

export interface MemberRow {
  personId: string;
  name: string;
  email: string;
  role: Role;
  createdAt: Date;
}

const memberColumns = (sql: Sql) => sql`
  select m.person_id as "personId", p.name, p.email, m.role, m.created_at as "createdAt"
  from memberships m join people p on p.id = m.person_id`;

export async function findMember(
  sql: Sql,
  projectId: string,
  personId: string,
): Promise<MemberRow | undefined> {
  const [row] = await sql<MemberRow[]>`${memberColumns(sql)}
    where m.project_id = ${projectId} and m.person_id = ${personId}`;
  return row;
}

export async function findMembers(
  sql: Sql,
  projectId: string,
  page: { limit: number; q?: string | undefined; after?: readonly [string, string] | undefined },
): Promise<MemberRow[]> {
  return sql<MemberRow[]>`${memberColumns(sql)}
    where m.project_id = ${projectId}
      ${page.q ? sql`and (position(lower(${page.q}) in lower(p.name)) > 0 or position(lower(${page.q}) in p.email) > 0)` : sql``}
      ${page.after ? sql`and (lower(p.name), p.id) > (lower(${page.after[0]}), ${page.after[1]})` : sql``}
    order by lower(p.name), p.id limit ${page.limit + 1}`;
}

/** False when they are a member already. */
export async function insertMember(
  sql: Sql,
  member: { projectId: string; personId: string; role: Role },
): Promise<boolean> {
  const rows = await sql`insert into memberships (project_id, person_id, role)
    values (${member.projectId}, ${member.personId}, ${member.role}) on conflict do nothing returning 1`;
  return rows.length === 1;
}

export async function setRole(sql: Sql, projectId: string, personId: string, role: Role): Promise<void> {
  await sql`update memberships set role = ${role} where project_id = ${projectId} and person_id = ${personId}`;
}

export async function deleteMember(sql: Sql, projectId: string, personId: string): Promise<void> {
  await sql`delete from memberships where project_id = ${projectId} and person_id = ${personId}`;
}

export async function hasOtherManager(sql: Sql, projectId: string, personId: string): Promise<boolean> {
  const rows = await sql`select 1 from memberships
    where project_id = ${projectId} and role = 'manager' and person_id <> ${personId} limit 1`;
  return rows.length === 1;
}
