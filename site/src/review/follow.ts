import { frameToTimecode } from "#core/timecode/timecode.ts";
import { ApiError, api } from "../api/client.ts";
import { type LiveEvent, listen } from "../api/live.ts";
import type { Approval, Author, Comment, Preview, Version } from "../api/types.ts";
import { say } from "../ui/toasts.tsx";
import type { LeadState } from "./lead.ts";
import type { Review } from "./review.ts";

type Data = Record<string, unknown>;

/** Keeps the page true to what others do: comments, verdicts, the build, who is here. */
export function followEvents(
  review: Review,
  lead: LeadState,
  onKnown: (preview: Preview, version: Version) => void,
): () => void {
  const { version, preview } = review;
  const isOurs = (data: Data) => data.versionId === version.value.id;
  let reload: ReturnType<typeof setTimeout> | undefined;
  let asking: ReturnType<typeof setTimeout> | undefined;

  /** Several events in a row ask once; as long as the page is in touch, until there is an answer. */
  const refreshComments = (afterMs = 120) => {
    clearTimeout(reload);
    reload = setTimeout(() => {
      review.loadComments().catch(() => {
        if (review.link.value === "up") refreshComments(5000);
      });
    }, afterMs);
  };
  /** Somebody may have added a version to the asset, which those who look at an older one want to know. */
  const refreshVersions = () => {
    if (review.start.guest) return;
    const known = new Set(review.versions.value.map(({ id }) => id));
    review
      .loadVersions()
      .then(() => {
        const added = review.versions.value.find(({ id }) => !known.has(id));
        if (!added) return;
        const open = () => location.assign(`/a/${review.start.asset.id}?v=${added.id}`);
        say(`Version ${added.number} is here.`, { label: "Open", run: open });
      })
      .catch(() => undefined); // the next event, or a reload, asks again
  };
  const refreshPreview = () => {
    clearTimeout(asking);
    asking = setTimeout(async () => {
      const id = version.value.id;
      // What cannot be read now stays as it is, and is asked for again with the next news.
      const [nextPreview, nextVersion] = await Promise.all([
        api.get<Preview>(`/preview/${id}`).catch(() => undefined),
        api.get<Version>(`/versions/${id}`).catch(() => undefined),
      ]);
      if (nextPreview?.media && !review.media()) {
        onKnown(nextPreview, nextVersion ?? version.value);
        return;
      }
      if (nextPreview) preview.value = nextPreview;
      if (nextVersion) version.value = nextVersion;
    }, 60);
  };

  const onEvent = ({ type, data: raw }: LiveEvent) => {
    const data = (raw ?? {}) as Data;
    if (type === "presence") {
      const people = data.people;
      if (data.versionId === undefined || isOurs(data))
        review.here.value = Array.isArray(people) ? (people as Author[]) : [];
    } else if (type === "asset.deleted" && data.assetId === review.start.asset.id) review.link.value = "gone";
    else if (type === "asset.updated" && data.assetId === review.start.asset.id && data.restored)
      review.link.value = "up";
    else if (type === "reset") {
      refreshComments();
      onApproval();
      refreshVersions();
    } else if (!isOurs(data)) {
      if (type.startsWith("version.") && data.assetId === review.start.asset.id) refreshVersions();
    } else if (type === "follow.state")
      lead.hear(data.leader as Author, data.state as Parameters<LeadState["hear"]>[1]);
    else if (type === "comment.deleted") review.drop(String(data.commentId));
    else if (type.startsWith("comment.")) void onComment(data);
    else if (type === "approval.given") onApproval(data);
    else if (type === "review.requested") void loadApprovals(review);
    else if (type === "preview.progress") onProgress(data);
    else if (type.startsWith("version.") || type.startsWith("hold.")) refreshPreview();
  };

  /** Events say what was written; drawings and the like are fetched, one comment at a time. */
  async function onComment(data: Data): Promise<void> {
    const id = String(data.commentId);
    let comment: Comment;
    try {
      comment = await api.get<Comment>(`/comments/${id}`);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) review.drop(id);
      else refreshComments();
      return;
    }
    const isNew = !review.comments.value.some((one) => one.id === id);
    const { author, frame, text } = comment;
    if (isNew && author.id !== review.me.id)
      review.heard.value = `${author.name} at ${frameToTimecode(review.player.model, frame)}: ${text}`;
    const sent = review.comments.value.find(
      (one) => one.id.startsWith("new-") && one.text === comment.text && one.frame === comment.frame,
    );
    if (sent && comment.author.name === review.me.name) review.replace(sent.id, comment);
    else review.put(comment);
  }

  function onApproval(given?: Data): void {
    if (given)
      review.heard.value = `${given.by} ${given.verdict === "approved" ? "approved this version" : "asks for changes"}`;
    void loadApprovals(review);
    refreshPreview();
  }

  function onProgress(data: Data): void {
    const before = preview.value;
    const progress = Number(data.progress ?? before.progress);
    const state = typeof data.state === "string" ? (data.state as Preview["state"]) : before.state;
    preview.value = {
      ...before,
      progress,
      speed: (data.speed as number | undefined) ?? before.speed,
      etaSeconds: (data.etaSeconds as number | undefined) ?? before.etaSeconds,
    };
    if (state !== before.state || (Number(data.playableSeconds ?? 0) > 0 && !before.playback?.master))
      refreshPreview();
  }

  let wasDown = false;
  const stop = listen(
    { projectId: review.start.project.id, versionId: version.value.id },
    onEvent,
    (link) => {
      const connected = link === "up";
      if (review.link.value !== "gone") review.link.value = link;
      // Ephemeral news is not replayed, so a page that was away reads the state again.
      if (connected && wasDown) {
        refreshComments();
        onApproval();
      }
      wasDown ||= !connected;
      if (connected) wasDown = false;
    },
  );
  const building = setInterval(() => {
    if (preview.value.state !== "ready" && preview.value.state !== "failed") refreshPreview();
  }, 5000);
  return () => {
    stop();
    clearInterval(building);
    clearTimeout(reload);
    clearTimeout(asking);
  };
}

export async function loadApprovals(review: Review): Promise<void> {
  const { items } = await api
    .get<{ items: Approval[] }>(`/versions/${review.version.value.id}/approvals`, { limit: 200 })
    .catch(() => ({ items: review.approvals.value ?? [] })); // what was known is the best there is
  review.approvals.value = items;
}
