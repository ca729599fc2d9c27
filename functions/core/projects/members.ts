import { z } from "zod";
import { audit } from "../audit/append.ts";
import { type Actor, personOf, type Role, roles } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import { pageOf, placeOf } from "../db/cursor.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { recheckRights } from "../events/live.ts";
import { inviteePerson } from "../people/store.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { addMemberInput, member, memberQuery } from "./project.ts";
import {
  deleteMember,
  findMember,
  findMembers,
  hasOtherManager,
  insertMember,
  lockProject,
  type MemberRow,
  setRole,
} from "./store.ts";

type Deps = Pick<Resources, "sql" | "redis">;
type Member = z.infer<typeof member>;

const memberOf = (row: MemberRow): Member => ({
  person: { id: row.personId, name: row.name, email: row.email },
  role: row.role,
  createdAt: row.createdAt.toISOString(),
});

/** The role is all that can change about a membership, so it is its revision. */
const revisionOf = (role: Role) => roles.indexOf(role) + 1;

export async function listMembers(
  { sql }: Pick<Deps, "sql">,
  actor: Actor,
  projectId: string,
  { limit, cursor, q }: z.output<typeof memberQuery>,
): Promise<{ items: Member[]; nextCursor: string | null }> {
  await need(sql, actor, projectId, "watch");
  const after = placeOf(cursor, [z.string(), z.string()]);
  const rows = await findMembers(sql, projectId, { limit, q, after });
  return pageOf(rows, limit, memberOf, (row) => [row.name, row.personId]);
}

export async function readMember(
  { sql }: Pick<Deps, "sql">,
  actor: Actor,
  projectId: string,
  personId: string,
): Promise<{ member: Member; revision: number }> {
  await need(sql, actor, projectId, "watch");
  const row = (await findMember(sql, projectId, personId)) ?? notFound("member");
  return { member: memberOf(row), revision: revisionOf(row.role) };
}

/** Lets somebody in by address. Whoever never signed in finds the project at their first sign-in. */
export async function addMember(
  { sql, redis }: Deps,
  actor: Actor,
  projectId: string,
  input: z.output<typeof addMemberInput>,
): Promise<{ member: Member; revision: number }> {
  await need(sql, actor, projectId, "manage");
  const added = await inTransaction(sql, async (tx) => {
    if (!(await lockProject(tx, projectId))) notFound("project");
    const person = await inviteePerson(
      tx,
      input.email,
      input.name ?? (input.email.split("@")[0] || input.email),
    );
    if (!(await insertMember(tx, { projectId, personId: person.id, role: input.role })))
      refuse("conflict", `${input.email} is a member already. Change the role instead.`);
    const row = (await findMember(tx, projectId, person.id)) ?? notFound("member");
    await audit(tx, actor, {
      projectId,
      action: "member.added",
      subject: person.id,
      detail: { email: input.email, role: input.role },
    });
    return { member: memberOf(row), revision: revisionOf(row.role) };
  });
  await announce(redis, projectId);
  return added;
}

export async function changeMember(
  { sql, redis }: Deps,
  actor: Actor,
  projectId: string,
  personId: string,
  { role }: { role: Role },
  expected: number | undefined,
): Promise<{ member: Member; revision: number }> {
  await need(sql, actor, projectId, "manage");
  const changed = await inTransaction(sql, async (tx) => {
    const before = await memberToChange(tx, projectId, personId, expected);
    if (before.role === "manager" && role !== "manager") await needOtherManager(tx, projectId, personId);
    await setRole(tx, projectId, personId, role);
    await audit(tx, actor, {
      projectId,
      action: "member.changed",
      subject: personId,
      detail: { from: before.role, to: role },
    });
    return { member: memberOf({ ...before, role }), revision: revisionOf(role) };
  });
  await announce(redis, projectId);
  return changed;
}

/** Takes somebody out. Everybody may take themselves out; the last manager has to make another one first. */
export async function removeMember(
  { sql, redis }: Deps,
  actor: Actor,
  projectId: string,
  personId: string,
  expected: number | undefined,
): Promise<void> {
  await need(sql, actor, projectId, personOf(actor) === personId ? "watch" : "manage");
  await inTransaction(sql, async (tx) => {
    const before = await memberToChange(tx, projectId, personId, expected);
    if (before.role === "manager") await needOtherManager(tx, projectId, personId);
    await deleteMember(tx, projectId, personId);
    await audit(tx, actor, {
      projectId,
      action: "member.removed",
      subject: personId,
      detail: { email: before.email, role: before.role },
    });
  });
  await announce(redis, projectId);
}

async function memberToChange(
  tx: Sql,
  projectId: string,
  personId: string,
  expected: number | undefined,
): Promise<MemberRow> {
  if (!(await lockProject(tx, projectId))) notFound("project");
  const row = (await findMember(tx, projectId, personId)) ?? notFound("member");
  if (expected !== undefined && expected !== revisionOf(row.role))
    refuse("stale", "The role was changed since you read it.");
  return row;
}

async function needOtherManager(tx: Sql, projectId: string, personId: string): Promise<void> {
  if (!(await hasOtherManager(tx, projectId, personId)))
    refuse("conflict", "A project keeps at least one manager. Make somebody else manager first.");
}

/** Open event streams look at their rights again. */
const announce = (redis: Deps["redis"], projectId: string) => recheckRights(redis, projectId);
