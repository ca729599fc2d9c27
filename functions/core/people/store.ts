import type { Actor } from "../auth/actor.ts";
import type { Sql } from "../db/db.ts";
import { newId } from "../id.ts";

export type PersonActor = Extract<Actor, { kind: "person" }>;

interface Row {
  id: string;
  name: string;
  email: string;
  deploymentRole: "admin" | "member";
}

export const personOfRow = (row: Row): PersonActor => ({
  kind: "person",
  id: row.id,
  name: row.name,
  email: row.email,
  admin: row.deploymentRole === "admin",
});

export async function findPerson(sql: Sql, personId: string): Promise<PersonActor | undefined> {
  const [row] = await sql<Row[]>`
    select id, name, email, deployment_role as "deploymentRole" from people where id = ${personId}`;
  return row && personOfRow(row);
}

export interface Identity {
  issuer: string;
  subject: string;
  /** Lower case, and verified by the issuer. */
  email: string;
  name: string;
  admin: boolean;
}

/** The person who signed in before, brought up to date; undefined at the first time. Writes only what changed. */
export async function recallPerson(sql: Sql, who: Identity): Promise<PersonActor | undefined> {
  const role = who.admin ? "admin" : "member";
  const [row] = await sql<(Row & { isCurrent: boolean })[]>`
    select p.id, p.name, p.email, p.deployment_role as "deploymentRole",
      p.name = ${who.name} and p.deployment_role = ${role} and (p.email = ${who.email}
        or exists (select 1 from people other where other.email = ${who.email})) as "isCurrent"
    from people p where p.issuer = ${who.issuer} and p.subject = ${who.subject}`;
  if (!row || row.isCurrent) return row && personOfRow(row);
  const [changed] = await sql<Row[]>`
    update people set name = ${who.name}, deployment_role = ${role},
      email = case when exists (select 1 from people other where other.email = ${who.email}
                                and other.id <> people.id) then people.email else ${who.email} end
    where id = ${row.id}
    returning id, name, email, deployment_role as "deploymentRole"`;
  return changed && personOfRow(changed);
}

/**
 * The person of a first sign-in: a row made before by an invitation is claimed by its address, and so is one
 * of a provider this deployment no longer uses. Undefined when the address belongs to another account of the issuer.
 */
export async function enrolPerson(sql: Sql, who: Identity): Promise<PersonActor | undefined> {
  const [row] = await sql<Row[]>`
    insert into people (id, issuer, subject, email, name, deployment_role)
    values (${newId("person")}, ${who.issuer}, ${who.subject}, ${who.email}, ${who.name}, ${who.admin ? "admin" : "member"})
    on conflict (email) do update
      set issuer = excluded.issuer, subject = excluded.subject, name = excluded.name,
          deployment_role = excluded.deployment_role
      where people.issuer is distinct from excluded.issuer
    returning id, name, email, deployment_role as "deploymentRole"`;
  return row && personOfRow(row);
}

/** The person with this address, made if there is none yet: they find their projects at their first sign-in. */
export async function inviteePerson(sql: Sql, email: string, name: string): Promise<PersonActor> {
  const [row] = await sql<Row[]>`
    insert into people (id, email, name) values (${newId("person")}, ${email}, ${name})
    on conflict (email) do update set email = excluded.email
    returning id, name, email, deployment_role as "deploymentRole"`;
  return personOfRow(row!);
}
