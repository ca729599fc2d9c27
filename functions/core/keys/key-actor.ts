import type { Actor, Scope } from "../auth/actor.ts";
import type { Sql } from "../db/db.ts";
import { hashOf } from "./secret.ts";

/** Whoever holds this API key, at most with its maker's rights; undefined when it is unknown, revoked or expired. */
export async function keyActor(
  { sql }: { sql: Sql },
  secret: string,
): Promise<Extract<Actor, { kind: "key" }> | undefined> {
  const [row] = await sql<
    { id: string; name: string; personId: string; scopes: Scope[]; isAdmin: boolean; isTouched: boolean }[]
  >`select k.id, k.name, k.person_id as "personId", k.scopes, p.deployment_role = 'admin' as "isAdmin",
           coalesce(k.last_used_at > now() - interval '1 minute', false) as "isTouched"
    from api_keys k join people p on p.id = k.person_id
    where k.secret_hash = ${hashOf(secret)} and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > now())`;
  if (!row) return undefined;
  // Once a minute is enough, and a database that cannot write must not turn readers away.
  if (!row.isTouched)
    await sql`update api_keys set last_used_at = now() where id = ${row.id}`.catch(() => {});
  return {
    kind: "key",
    id: row.id,
    name: row.name,
    personId: row.personId,
    admin: row.isAdmin && row.scopes.includes("admin"),
    scopes: row.scopes,
  };
}
