import { createHash } from "node:crypto";
import { composeAssets } from "../assets/compose.ts";
import { findAssets } from "../assets/store.ts";
import { findVersions } from "../assets/version-store.ts";
import type { Actor } from "../auth/actor.ts";
import { isPassphrase } from "../auth/passphrase.ts";
import { takeToken } from "../auth/rate.ts";
import { inTransaction } from "../db/db.ts";
import { emit } from "../outbox.ts";
import { notFound, refuse } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { type Guest, isOver, openGuestSession } from "./guest.ts";
import { hashOfLink, isLinkToken } from "./link.ts";
import type { OpenedShare } from "./share.ts";
import { findShareByLink, insertVisit, type ShareRow } from "./store.ts";

type Deps = Pick<Resources, "sql" | "redis" | "config">;

/** Guesses per minute on one link, after a first handful. */
const guesses = { perMinute: 10, burst: 20 };
/** The same visitor of a link without a passphrase counts once in this time. */
const VISIT_SECONDS = 1800;

async function shareOfLink({ sql }: Pick<Deps, "sql">, token: string): Promise<ShareRow> {
  const share = isLinkToken(token) ? await findShareByLink(sql, hashOfLink(token)) : undefined;
  if (!share) notFound("link");
  if (isOver(share)) refuse("gone", "This link has expired or was withdrawn.");
  return share;
}

/**
 * What the link's page shows. Before the passphrase, if there is one: whose link it is, and nothing of what it shows.
 * `visitor` tells visitors apart for the count of views; it is hashed and forgotten after half an hour.
 */
export async function openShare(
  deps: Deps,
  token: string,
  actor: Actor | undefined,
  visitor: string,
): Promise<OpenedShare> {
  const share = await shareOfLink(deps, token);
  const guest = actor?.kind === "guest" && actor.shareId === share.id ? actor : undefined;
  const isOpen = share.passphraseHash === null || guest !== undefined;
  if (isOpen && !guest) await countView(deps, share, visitor);
  return pageOfShare(deps, share, guest, isOpen);
}

/** Gives a guest a name and a session of twelve hours, after the passphrase where there is one. */
export async function unlockShare(
  deps: Deps,
  token: string,
  input: { passphrase?: string | null | undefined; name: string },
): Promise<{ token: string; expiresAt: string; share: OpenedShare }> {
  const share = await shareOfLink(deps, token);
  if (share.passphraseHash !== null) {
    const verdict = await takeToken(deps.redis, `share-guess:${share.id}`, guesses);
    if (!verdict.allowed)
      refuse("rate-limited", "Too many attempts on this link. Wait a moment.", {
        retryAfterSeconds: verdict.retryAfterSeconds,
      });
    if (!input.passphrase) refuse("passphrase-required", "This link needs its passphrase.");
    if (!(await isPassphrase(input.passphrase, share.passphraseHash)))
      refuse("passphrase-wrong", "That is not the passphrase of this link.");
  }
  const id = await recordView(deps, share, input.name);
  const opened = await openGuestSession(deps, share, { id, name: input.name });
  return {
    token: opened.token,
    expiresAt: opened.expiresAt,
    share: await pageOfShare(deps, share, opened.guest, true),
  };
}

async function countView(deps: Deps, share: ShareRow, visitor: string): Promise<void> {
  const mark = createHash("sha256").update(`${share.id}\n${visitor}`).digest("base64url").slice(0, 22);
  const isNew = await deps.redis
    .set(`share-visitor:${mark}`, "1", "EX", VISIT_SECONDS, "NX")
    .catch(() => null);
  if (isNew === "OK") await recordView(deps, share, null);
}

function recordView({ sql }: Pick<Deps, "sql">, share: ShareRow, guestName: string | null): Promise<string> {
  return inTransaction(sql, async (tx) => {
    const visitId = await insertVisit(tx, { shareId: share.id, kind: "view", guestName });
    await emit(tx, {
      projectId: share.projectId,
      type: "share.opened",
      data: { shareId: share.id, name: share.name, guestName },
    });
    return visitId;
  });
}

/** Counts a download by a guest, in the transaction of whoever signs the URL. */
export async function countDownload(
  deps: Pick<Resources, "sql">,
  guest: Guest,
  versionId: string,
): Promise<void> {
  await insertVisit(deps.sql, { shareId: guest.shareId, kind: "download", guestName: guest.name, versionId });
}

async function pageOfShare(
  deps: Deps,
  share: ShareRow,
  guest: Guest | undefined,
  isOpen: boolean,
): Promise<OpenedShare> {
  return {
    name: share.name,
    projectName: share.projectName,
    projectId: share.projectId,
    sharedBy: share.createdByName,
    needsPassphrase: share.passphraseHash !== null,
    unlocked: isOpen,
    guest: guest && guest.id !== share.id ? { id: guest.id, name: guest.name } : null,
    allow: share.allow,
    watermark: share.watermark,
    expiresAt: share.expiresAt?.toISOString() ?? null,
    items: isOpen ? await itemsOf(deps, share, guest ?? anyoneOf(share)) : [],
  };
}

function anyoneOf(share: ShareRow): Guest {
  const { id, projectId, allow } = share;
  return { kind: "guest", id, name: "Guest", shareId: id, projectId, allow };
}

async function itemsOf(deps: Deps, share: ShareRow, guest: Guest): Promise<OpenedShare["items"]> {
  const versions = await findVersions(deps.sql, share.versionIds);
  const assetIds = [...new Set([...versions.values()].map(({ version }) => version.assetId))];
  const rows = await findAssets(deps.sql, assetIds, share.id);
  const assets = await composeAssets(deps, guest, [...rows.values()]);
  return share.versionIds.flatMap((versionId) => {
    const version = versions.get(versionId)?.version;
    const asset = assets.find((one) => one.id === version?.assetId);
    return version && asset ? [{ asset, version }] : [];
  });
}
