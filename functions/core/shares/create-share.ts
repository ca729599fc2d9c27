import type { z } from "zod";
import { audit } from "../audit/append.ts";
import { type Actor, personOf } from "../auth/actor.ts";
import { hashPassphrase } from "../auth/passphrase.ts";
import { need } from "../auth/rights.ts";
import { inTransaction, type Sql } from "../db/db.ts";
import { newId } from "../id.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { hashOfLink, linkToken } from "./link.ts";
import { readShare } from "./read-shares.ts";
import type { createShareInput, Share } from "./share.ts";
import { insertShare, setShareVersions } from "./store.ts";

/** Makes a link for people without an account. What it shows must be versions of the project. */
export async function createShare(
  deps: Pick<Resources, "sql" | "config">,
  actor: Actor,
  input: z.output<typeof createShareInput>,
): Promise<{ share: Share; revision: number }> {
  await need(deps.sql, actor, input.projectId, "share");
  const maker = personOf(actor) ?? notFound("project");
  const expiresAt = futureOf(input.expiresAt);
  const passphraseHash = input.passphrase ? await hashPassphrase(input.passphrase) : null;
  const id = newId("share");
  const versionIds = [...new Set(input.versionIds)];
  const allow = { comment: false, approve: false, download: false, upload: false, ...input.allow };
  await inTransaction(deps.sql, async (sql) => {
    await insertShare(sql, {
      id,
      projectId: input.projectId,
      name: input.name ?? (await nameOf(sql, versionIds)),
      tokenHash: hashOfLink(linkToken(deps.config.APP_SECRET, id, 1)),
      passphraseHash,
      allow,
      watermark: input.watermark ?? null,
      expiresAt,
      createdBy: maker,
    });
    refuseMissing(await setShareVersions(sql, { id, projectId: input.projectId }, versionIds), versionIds);
    await audit(sql, actor, {
      projectId: input.projectId,
      action: "share.created",
      subject: id,
      detail: {
        versionIds,
        allow,
        hasPassphrase: passphraseHash !== null,
        expiresAt: input.expiresAt ?? null,
      },
    });
  });
  return readShare(deps, actor, id);
}

/** A link without a name takes that of the first thing it shows. */
async function nameOf(sql: Sql, versionIds: string[]): Promise<string> {
  const first = versionIds[0];
  if (!first) return "Upload request";
  const [row] = await sql<{ name: string }[]>`
    select left(a.name, 180) as name from versions v join assets a on a.id = v.asset_id where v.id = ${first}`;
  const more = versionIds.length - 1;
  return `${row?.name ?? "Share"}${more > 0 ? ` and ${more} more` : ""}`;
}

export function futureOf(text: string | null | undefined): Date | null {
  if (!text) return null;
  const at = new Date(text);
  if (at.getTime() <= Date.now())
    refuse("invalid", "A link must expire in the future.", {
      errors: [{ pointer: "/expiresAt", detail: "must be in the future" }],
    });
  return at;
}

export function refuseMissing(missing: readonly string[], given: readonly string[]): void {
  if (missing.length === 0) return;
  refuse("invalid", "A link shows versions of its own project only.", {
    errors: missing.slice(0, 20).map((id) => ({
      pointer: `/versionIds/${given.indexOf(id)}`,
      detail: "is no version of this project",
    })),
  });
}
