import type { Sql } from "../db/db.ts";
import { refuse } from "../refusal.ts";
import type { Actor } from "./actor.ts";

/** In whose name something is said: a person (also through a key of theirs), or a guest of a share. */
export type Voice =
  | { personId: string; shareId: null; guestId: null; name: string }
  | { personId: null; shareId: string; guestId: string; name: string };

export async function voiceOf(sql: Sql, actor: Actor): Promise<Voice> {
  if (actor.kind === "guest")
    return { personId: null, shareId: actor.shareId, guestId: actor.id, name: actor.name };
  if (actor.kind === "person") return { personId: actor.id, shareId: null, guestId: null, name: actor.name };
  if (actor.kind === "system") refuse("forbidden", "The system has no opinion.");
  const [row] = await sql<{ name: string }[]>`select name from people where id = ${actor.personId}`;
  return { personId: actor.personId, shareId: null, guestId: null, name: row?.name ?? actor.name };
}
