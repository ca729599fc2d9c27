/** Who asks. Every verb of core takes one and checks its right. */
export type Actor =
  | { kind: "person"; id: string; name: string; email: string; admin: boolean }
  | { kind: "key"; id: string; name: string; personId: string; admin: boolean; scopes: readonly Scope[] }
  | { kind: "guest"; id: string; name: string; shareId: string; projectId: string; allow: GuestRights }
  | { kind: "system"; id: "system"; name: string };

export interface GuestRights {
  comment: boolean;
  approve: boolean;
  download: boolean;
  upload: boolean;
}

export const scopes = ["read", "upload", "comment", "manage", "admin"] as const;
export type Scope = (typeof scopes)[number];

export const roles = ["viewer", "reviewer", "editor", "manager"] as const;
/** Project roles, weakest first. */
export type Role = (typeof roles)[number];

export const system: Actor = { kind: "system", id: "system", name: "Rushes" };

/** The person behind a session or a key; undefined for guests and the system. */
export function personOf(actor: Actor): string | undefined {
  if (actor.kind === "person") return actor.id;
  return actor.kind === "key" ? actor.personId : undefined;
}
