import { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { inTransaction } from "../db/db.ts";
import { recheckRights } from "../events/live.ts";
import { newId } from "../id.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import type { ApiKey, createdKey, createKeyInput } from "./key.ts";
import { newSecret } from "./secret.ts";
import { findKey, findKeys, insertKey, keyOf, revokeKeyRow } from "./store.ts";

type Deps = Pick<Resources, "sql">;

/** A key that could make keys would outlive its own revocation. */
function needPerson(actor: Actor): Extract<Actor, { kind: "person" }> {
  if (actor.kind !== "person") refuse("forbidden", "API keys are managed by their maker, signed in.");
  return actor;
}

/** Revoking is the only change a key knows. */
const revisionOf = (key: ApiKey) => (key.revokedAt === null ? 1 : 2);

/** Makes a key; `secret` is answered here and never again. */
export async function createKey(
  { sql }: Deps,
  actor: Actor,
  input: z.output<typeof createKeyInput>,
): Promise<z.infer<typeof createdKey>> {
  const person = needPerson(actor);
  if (input.scopes.includes("admin") && !person.admin)
    refuse("forbidden", "Only admins of the deployment make keys with the scope admin.");
  const expiresAt = input.expiresAt ? new Date(input.expiresAt) : null;
  if (expiresAt && expiresAt.getTime() <= Date.now())
    refuse("invalid", "The key would have expired already.", {
      errors: [{ pointer: "/expiresAt", detail: "must be in the future" }],
    });
  const { secret, hash, hint } = newSecret();
  return inTransaction(sql, async (tx) => {
    const row = await insertKey(tx, {
      id: newId("apiKey"),
      personId: person.id,
      name: input.name,
      scopes: input.scopes,
      expiresAt,
      hash,
      hint,
    });
    await audit(tx, actor, {
      projectId: null,
      action: "key.created",
      subject: row.id,
      detail: { name: input.name, scopes: input.scopes, expiresAt: input.expiresAt ?? null },
    });
    return { ...keyOf(row), secret };
  });
}

export async function listKeys(
  { sql }: Deps,
  actor: Actor,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: ApiKey[]; nextCursor: string | null }> {
  const { id } = needPerson(actor);
  const rows = await findKeys(sql, id, { limit, after: placeOf(cursor, [timePlace, z.string()]) });
  return pageOf(rows, limit, keyOf, (row) => [row.createdAt.toISOString(), row.id]);
}

export async function readKey(
  { sql }: Deps,
  actor: Actor,
  keyId: string,
): Promise<{ key: ApiKey; revision: number }> {
  const row = (await findKey(sql, needPerson(actor).id, keyId)) ?? notFound("key");
  const key = keyOf(row);
  return { key, revision: revisionOf(key) };
}

/** Ends a key at once. The row stays, so that the audit log has something to name. */
export async function revokeKey(
  { sql, redis }: Deps & Pick<Resources, "redis">,
  actor: Actor,
  keyId: string,
  expected: number | undefined,
): Promise<void> {
  const { key, revision } = await readKey({ sql }, actor, keyId);
  if (expected !== undefined && expected !== revision)
    refuse("stale", "The key was revoked since you read it.");
  await inTransaction(sql, async (tx) => {
    if (!(await revokeKeyRow(tx, keyId))) return;
    await audit(tx, actor, {
      projectId: null,
      action: "key.revoked",
      subject: keyId,
      detail: { name: key.name },
    });
  });
  await recheckRights(redis, needPerson(actor).id);
}
