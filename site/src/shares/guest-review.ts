import { api } from "../api/client.ts";
import type { Asset, Comment, OpenedShare, Page, Preview, Version } from "../api/types.ts";
import type { ReviewStart } from "../review/review.ts";
import { guestRights } from "../review/rights.ts";

interface Opened {
  token: string;
  guestToken: string;
  share: OpenedShare;
  asset: Asset;
  version: Version;
}

/** Over the picture stands who is looking, so that a photograph of the screen says whose it was. */
function markOf({ watermark, guest }: OpenedShare): string | null {
  return watermark && guest ? `${guest.name} · ${watermark}` : watermark;
}

/** The review page of one shared version, as the guest may see it. */
export async function loadGuestReview({
  token,
  guestToken,
  share,
  asset,
  version,
}: Opened): Promise<ReviewStart> {
  const [preview, comments] = await Promise.all([
    api.get<Preview>(`/preview/${version.id}`),
    api.get<Page<Comment>>("/comments", { versionId: version.id, limit: 200 }),
  ]);
  const url = new URL(location.href);
  const frame = url.searchParams.get("f");
  return {
    asset,
    version,
    versions: [version],
    preview,
    comments: comments.items,
    moreComments: comments.nextCursor !== null,
    project: { id: share.projectId, name: share.projectName },
    rights: guestRights(share.allow),
    me: { kind: "guest", id: share.guest?.id ?? null, name: share.guest?.name ?? "Guest" },
    guest: { token: guestToken, backTo: `/s/${token}?v=`, watermark: markOf(share) },
    frame: frame && /^\d{1,9}$/.test(frame) ? Number(frame) : undefined,
    commentId: url.searchParams.get("c") ?? undefined,
  };
}
