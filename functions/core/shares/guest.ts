import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { hashOfLink, isLinkToken } from "./link.ts";
import { findShare, findShareByLink, type ShareRow } from "./store.ts";

type Deps = Pick<Resources, "sql" | "redis">;
export type Guest = Extract<Actor, { kind: "guest" }>;

export const GUEST_SESSION_SECONDS = 12 * 3600;

const shape = z.object({ visitId: z.string(), shareId: z.string(), name: z.string(), lock: z.string() });

/** Whoever can read Redis must not be able to visit with what stands there. */
const keyOf = (token: string) => `guest:${createHash("sha256").update(token).digest("base64url")}`;

/** Changes with the passphrase and with the link: sessions opened before either change are over. */
function lockOf(share: ShareRow): string {
  return createHash("sha256")
    .update(`${share.rotation}\n${share.passphraseHash ?? ""}`)
    .digest("base64url");
}

export function isOver(share: ShareRow): boolean {
  return share.revokedAt !== null || (share.expiresAt !== null && share.expiresAt.getTime() <= Date.now());
}

function guestOf(share: ShareRow, id: string, name: string): Guest {
  return { kind: "guest", id, name, shareId: share.id, projectId: share.projectId, allow: share.allow };
}

/**
 * Who comes with nothing but the link. Only a link without a passphrase opens anything; what it grants is read
 * anew each time, so that a change of the share counts at once. Undefined when there is no such link.
 */
export async function guestOfShareToken(deps: Deps, token: string): Promise<Actor | undefined> {
  if (!isLinkToken(token)) return undefined;
  const share = await findShareByLink(deps.sql, hashOfLink(token));
  if (!share) return undefined;
  if (isOver(share)) refuse("gone", "This link has expired or was withdrawn.");
  if (share.passphraseHash) refuse("passphrase-required", "Unlock this link with its passphrase first.");
  return guestOf(share, share.id, "Guest");
}

/** Opens a guest's session and answers its secret. The visit is who they are from now on. */
export async function openGuestSession(
  deps: Deps,
  share: ShareRow,
  visit: { id: string; name: string },
): Promise<{ token: string; expiresAt: string; guest: Guest }> {
  const token = `rg_${randomBytes(32).toString("base64url")}`;
  const session = { visitId: visit.id, shareId: share.id, name: visit.name, lock: lockOf(share) };
  const left = share.expiresAt ? Math.ceil((share.expiresAt.getTime() - Date.now()) / 1000) : Infinity;
  const seconds = Math.max(1, Math.min(GUEST_SESSION_SECONDS, left));
  await deps.redis.set(keyOf(token), JSON.stringify(session), "EX", seconds);
  const expiresAt = new Date(Date.now() + seconds * 1000).toISOString();
  return { token, expiresAt, guest: guestOf(share, visit.id, visit.name) };
}

/** The guest of a session; undefined when it, or its share, is over or has another passphrase now. */
export async function guestOfSession(deps: Deps, token: string): Promise<Actor | undefined> {
  if (!/^rg_[\w-]{43}$/.test(token)) return undefined;
  const text = await deps.redis.get(keyOf(token));
  if (text === null) return undefined;
  const session = shape.parse(JSON.parse(text));
  const share = await findShare(deps.sql, session.shareId);
  if (!share || isOver(share) || lockOf(share) !== session.lock) return undefined;
  return guestOf(share, session.visitId, session.name);
}
