import type { Sql } from "../db/db.ts";
import { notFound, refuse } from "../refusal.ts";
import { type Actor, personOf, type Role, roles, type Scope } from "./actor.ts";

/** What a role is needed for, and the scope a key needs besides. */
const deeds = {
  watch: { role: "viewer", scope: "read" },
  comment: { role: "reviewer", scope: "comment" },
  approve: { role: "reviewer", scope: "comment" },
  upload: { role: "editor", scope: "upload" },
  edit: { role: "editor", scope: "manage" },
  share: { role: "editor", scope: "manage" },
  resolveAny: { role: "editor", scope: "comment" },
  download: { role: "editor", scope: "read" },
  manage: { role: "manager", scope: "manage" },
} as const satisfies Record<string, { role: Role; scope: Scope }>;
export type Deed = keyof typeof deeds;

export function atLeast(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/**
 * The asker's role in a project; undefined for who is no member. A deployment admin acts as a manager everywhere.
 * Deleted projects have no members.
 */
export async function roleIn(sql: Sql, actor: Actor, projectId: string): Promise<Role | undefined> {
  const person = personOf(actor);
  if (person === undefined) return undefined;
  const [row] = await sql<{ role: Role | null }[]>`
    select m.role from projects p
    left join memberships m on m.project_id = p.id and m.person_id = ${person}
    where p.id = ${projectId} and p.deleted_at is null`;
  return row && roleOf(actor, row.role);
}

/** What a membership, or none, makes of someone in a project that is there. */
export function roleOf(actor: Actor, membership: Role | null): Role | undefined {
  const isAdmin = (actor.kind === "person" || actor.kind === "key") && actor.admin;
  return isAdmin ? "manager" : (membership ?? undefined);
}

/**
 * Lets a member with the needed role pass and returns that role. Someone else's project reads as absent (404);
 * a member whose role or key does not reach gets 403. The system may do everything. Guests have no role here:
 * what a share grants is checked by `mayAsGuest`.
 */
export async function need(
  sql: Sql,
  actor: Actor,
  projectId: string,
  deed: Deed,
  what = "project",
): Promise<Role> {
  if (actor.kind === "system") return "manager";
  return needRole(actor, await roleIn(sql, actor, projectId), deed, what);
}

/** The same for who has read the role already, see `roleOf`. */
export function needRole(actor: Actor, role: Role | undefined, deed: Deed, what = "project"): Role {
  if (!role) notFound(what);
  const { role: needed, scope } = deeds[deed];
  if (!atLeast(role, needed)) refuse("forbidden", `This needs the role ${needed}; you are ${role}.`);
  needScope(actor, scope);
  return role;
}

/** A key acts only within its scopes; `manage` and `admin` include the ones before them. */
export function needScope(actor: Actor, scope: Scope): void {
  if (actor.kind !== "key") return;
  const wide = actor.scopes.includes("admin") || (scope !== "admin" && actor.scopes.includes("manage"));
  if (!wide && !actor.scopes.includes(scope)) refuse("forbidden", `This API key lacks the scope ${scope}.`);
}

/** Whether a guest's share covers this version, and grants the deed. Watching is what every share grants. */
export async function mayAsGuest(
  sql: Sql,
  actor: Extract<Actor, { kind: "guest" }>,
  versionId: string,
  deed: "watch" | "comment" | "approve" | "download" = "watch",
): Promise<boolean> {
  if (deed !== "watch" && !actor.allow[deed]) return false;
  const [row] = await sql`select 1 from share_versions sv join shares s on s.id = sv.share_id
    where sv.share_id = ${actor.shareId} and sv.version_id = ${versionId}
      and s.revoked_at is null and (s.expires_at is null or s.expires_at > now())`;
  return row !== undefined;
}

/**
 * Lets whoever may do `deed` with a version pass: members by role, guests by their share.
 * For a guest a version outside the share reads as absent; inside it, what is not granted is forbidden.
 */
export async function needOnVersion(
  sql: Sql,
  actor: Actor,
  version: { id: string; projectId: string },
  deed: "watch" | "comment" | "approve" | "download",
): Promise<Role | "guest"> {
  if (actor.kind !== "guest") return need(sql, actor, version.projectId, deed, "version");
  if (!(await mayAsGuest(sql, actor, version.id))) notFound("version");
  if (!(await mayAsGuest(sql, actor, version.id, deed)))
    refuse("forbidden", "This link does not allow that.");
  return "guest";
}
