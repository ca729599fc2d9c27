import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { need } from "../auth/rights.ts";
import type { ApiConfig } from "../config.ts";
import { pageOf, placeOf, timePlace } from "../db/cursor.ts";
import { notFound } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { linkToken, linkUrl } from "./link.ts";
import type { Share, ShareVisit, shareQuery } from "./share.ts";
import { findShare, listShareRows, listVisitRows, type ShareRow } from "./store.ts";

type Deps = Pick<Resources, "sql" | "config">;

export function wireOf(config: Readonly<ApiConfig>, row: ShareRow): Share {
  const token = linkToken(config.APP_SECRET, row.id, row.rotation);
  return {
    id: row.id,
    projectId: row.projectId,
    name: row.name,
    url: linkUrl(config.PUBLIC_SITE_BASE, token),
    token,
    versionIds: row.versionIds,
    hasPassphrase: row.passphraseHash !== null,
    allow: row.allow,
    watermark: row.watermark,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    views: row.views,
    downloads: row.downloads,
    createdBy: row.createdByName,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** The share, if the asker manages shares of its project. A withdrawn one is no longer there. */
export async function needShare({ sql }: Pick<Deps, "sql">, actor: Actor, id: string): Promise<ShareRow> {
  const row = await findShare(sql, id);
  if (!row || row.revokedAt) notFound("share");
  await need(sql, actor, row.projectId, "share", "share");
  return row;
}

export async function readShare(
  deps: Deps,
  actor: Actor,
  id: string,
): Promise<{ share: Share; revision: number }> {
  const row = await needShare(deps, actor, id);
  return { share: wireOf(deps.config, row), revision: row.revision };
}

/** Newest first. */
export async function listShares(
  deps: Deps,
  actor: Actor,
  { projectId, versionId, cursor, limit }: z.output<typeof shareQuery>,
): Promise<{ items: Share[]; nextCursor: string | null }> {
  await need(deps.sql, actor, projectId, "share");
  const [at, id] = placeOf(cursor, [timePlace, z.string()]) ?? [];
  const after = at && id ? { at, id } : undefined;
  const rows = await listShareRows(deps.sql, { projectId, versionId, after, limit: limit + 1 });
  return pageOf(
    rows,
    limit,
    (row) => wireOf(deps.config, row),
    (row) => [row.createdAt.toISOString(), row.id],
  );
}

/** Who looked and who downloaded, newest first. */
export async function listVisits(
  deps: Deps,
  actor: Actor,
  shareId: string,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<{ items: ShareVisit[]; nextCursor: string | null }> {
  await needShare(deps, actor, shareId);
  const [at, id] = placeOf(cursor, [timePlace, z.string()]) ?? [];
  const after = at && id ? { at, id } : undefined;
  const rows = await listVisitRows(deps.sql, { shareId, after, limit: limit + 1 });
  return pageOf(
    rows,
    limit,
    (row) => ({
      kind: row.kind,
      guestName: row.guestName,
      versionId: row.versionId,
      at: row.at.toISOString(),
    }),
    (row) => [row.at.toISOString(), row.id],
  );
}
