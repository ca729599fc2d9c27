import type { z } from "zod";
import { audit } from "../audit/append.ts";
import type { Actor } from "../auth/actor.ts";
import { hashPassphrase } from "../auth/passphrase.ts";
import { inTransaction } from "../db/db.ts";
import { recheckRights } from "../events/live.ts";
import { refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { futureOf, refuseMissing } from "./create-share.ts";
import { hashOfLink, linkToken } from "./link.ts";
import { needShare, readShare } from "./read-shares.ts";
import type { Share, updateShareInput } from "./share.ts";
import { setShareVersions, updateShareRow } from "./store.ts";

/** Changes count at once, also for guests who are looking: every request of theirs reads the share anew. */
export async function updateShare(
  deps: Pick<Resources, "sql" | "config" | "redis">,
  actor: Actor,
  id: string,
  input: z.output<typeof updateShareInput>,
  revision: number | undefined,
): Promise<{ share: Share; revision: number }> {
  const row = await needShare(deps, actor, id);
  const given = input.passphrase;
  const passphraseHash =
    given === undefined ? row.passphraseHash : given === null ? null : await hashPassphrase(given);
  const expiresAt = input.expiresAt === undefined ? row.expiresAt : futureOf(input.expiresAt);
  const allow = { ...row.allow };
  for (const deed of ["comment", "approve", "download", "upload"] as const)
    allow[deed] = input.allow?.[deed] ?? allow[deed];
  const versionIds = input.versionIds && [...new Set(input.versionIds)];
  if ((versionIds ?? row.versionIds).length === 0 && !allow.upload)
    refuse("invalid", "A link must show something, unless guests may upload.", {
      errors: [{ pointer: "/versionIds", detail: "must name what to show" }],
    });
  await inTransaction(deps.sql, async (sql) => {
    const isChanged = await updateShareRow(sql, id, revision, {
      name: input.name ?? row.name,
      passphraseHash,
      allow,
      watermark: input.watermark === undefined ? row.watermark : input.watermark,
      expiresAt,
    });
    if (!isChanged) refuse("stale", "Someone changed this link since you read it.");
    if (versionIds)
      refuseMissing(await setShareVersions(sql, { id, projectId: row.projectId }, versionIds), versionIds);
    if (input.renewLink) {
      const rotation = row.rotation + 1;
      await sql`update shares set rotation = ${rotation},
        token_hash = ${hashOfLink(linkToken(deps.config.APP_SECRET, id, rotation))} where id = ${id}`;
    }
    const { passphrase: _, ...shown } = input;
    await audit(sql, actor, {
      projectId: row.projectId,
      action: "share.updated",
      subject: id,
      detail: { ...shown, ...(given === undefined ? {} : { hasPassphrase: given !== null }) },
    });
  });
  // Streams of guests look at their rights again now, not with their next beat.
  await recheckRights(deps.redis, row.projectId);
  return readShare(deps, actor, id);
}
