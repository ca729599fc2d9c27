import type { Scope } from "#core/auth/actor.ts";
import { openSession } from "#core/auth/sessions.ts";
import { newId } from "#core/id.ts";
import { newSecret } from "#core/keys/secret.ts";
import type { Resources } from "#core/resources.ts";

export const roleNames = ["manager", "editor", "reviewer", "viewer"] as const;
/** Everybody who is seeded: one per role, a second manager, somebody of no project, and the deployment's admin. */
export const personas = [...roleNames, "secondManager", "outsider", "admin"] as const;
export type Persona = (typeof personas)[number];

export interface SeededPerson {
  id: string;
  name: string;
  email: string;
}

export interface Seed {
  people: Record<Persona, SeededPerson>;
  /** A project with all members; `outsider` and `admin` are in none of it. */
  projectId: string;
  /** A project whose only member, and manager, is `outsider`. */
  otherProjectId: string;
}

export async function seedPerson(
  { sql }: Pick<Resources, "sql">,
  name: string,
  { isAdmin = false } = {},
): Promise<SeededPerson> {
  const id = newId("person");
  const email = `${name.toLowerCase()}.${id.slice(-10)}@example.test`;
  await sql`insert into people (id, email, name, deployment_role)
    values (${id}, ${email}, ${name}, ${isAdmin ? "admin" : "member"})`;
  return { id, name, email };
}

export async function seedProject(
  { sql }: Pick<Resources, "sql">,
  members: Record<string, (typeof roleNames)[number]>,
  name = "Project",
): Promise<string> {
  const id = newId("project");
  const maker = Object.keys(members)[0] ?? "";
  await sql`insert into projects (id, name, lock_mode, lock_days, created_by)
    values (${id}, ${name}, 'GOVERNANCE', 1, ${maker})`;
  for (const [personId, role] of Object.entries(members))
    await sql`insert into memberships (project_id, person_id, role) values (${id}, ${personId}, ${role})`;
  return id;
}

export async function seedPeople(resources: Pick<Resources, "sql">): Promise<Seed> {
  const people = {} as Seed["people"];
  for (const persona of personas)
    people[persona] = await seedPerson(resources, persona, { isAdmin: persona === "admin" });
  const projectId = await seedProject(resources, {
    [people.manager.id]: "manager",
    [people.secondManager.id]: "manager",
    [people.editor.id]: "editor",
    [people.reviewer.id]: "reviewer",
    [people.viewer.id]: "viewer",
  });
  const otherProjectId = await seedProject(resources, { [people.outsider.id]: "manager" }, "Someone else's");
  return { people, projectId, otherProjectId };
}

/** An API key of this person; answers its secret. */
export async function seedKey(
  { sql }: Pick<Resources, "sql">,
  personId: string,
  scopes: Scope[] = ["manage"],
): Promise<string> {
  const { secret, hash, hint } = newSecret();
  await sql`insert into api_keys (id, person_id, name, secret_hash, hint, scopes)
    values (${newId("apiKey")}, ${personId}, 'key of a test', ${hash}, ${hint}, ${scopes})`;
  return secret;
}

/** The session cookie of this person, as a Cookie header. */
export async function seedSession(resources: Pick<Resources, "redis">, personId: string): Promise<string> {
  const { secret } = await openSession(resources, { personId }, 3600);
  return `__Host-rushes_session=${secret}`;
}
