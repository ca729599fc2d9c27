import type { ApiConfig } from "../config.ts";
import type { Sql } from "../db/db.ts";
import { refuse } from "../refusal.ts";
import { enrolPerson, type Identity, type PersonActor, recallPerson } from "./store.ts";

/** What an issuer says about somebody, already verified. */
export interface Claims {
  iss: string;
  sub: string;
  email?: unknown;
  email_verified?: unknown;
  name?: unknown;
  preferred_username?: unknown;
}

/**
 * Turns the claims of the configured issuer into a person. Only a verified address counts: whoever could claim
 * an unverified one would inherit the invitations sent to it.
 */
export async function personOfClaims(
  { sql, config }: { sql: Sql; config: Pick<ApiConfig, "ADMIN_EMAILS"> },
  claims: Claims,
): Promise<PersonActor> {
  const email = typeof claims.email === "string" ? claims.email.trim().toLowerCase() : "";
  if (!/^[^\s@\0]+@[^\s@\0]+$/.test(email) || email.length > 320)
    refuse("unauthenticated", "The sign-in provider gave no e-mail address for this account.");
  if (claims.email_verified !== true)
    refuse("unauthenticated", "The sign-in provider has not verified the e-mail address of this account.");
  const identity: Identity = {
    issuer: claims.iss,
    subject: claims.sub,
    email,
    name: nameOf(claims, email),
    admin: config.ADMIN_EMAILS.some((one) => one.toLowerCase() === email),
  };
  const person =
    (await recallPerson(sql, identity)) ??
    (await enrolPerson(sql, identity)) ??
    // Two first sign-ins at once: the second finds the row the first one made.
    (await recallPerson(sql, identity));
  return person ?? refuse("unauthenticated", "This e-mail address belongs to another account.");
}

function nameOf(claims: Claims, email: string): string {
  for (const text of [claims.name, claims.preferred_username]) {
    const name = typeof text === "string" ? text.replaceAll("\0", "").toWellFormed().trim() : "";
    if (name) return [...name].slice(0, 100).join("");
  }
  return email.slice(0, 200);
}
