import { useSignal } from "@preact/signals";
import { Upload } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { ApiError, actAsGuest, api } from "../api/client.ts";
import type { OpenedShare } from "../api/types.ts";
import { Poster } from "../projects/poster.tsx";
import { ReviewPage } from "../review/page.tsx";
import type { ReviewStart } from "../review/review.ts";
import { StatusView } from "../ui/status.tsx";
import { complain } from "../ui/toasts.tsx";
import { count, date } from "../ui/words.ts";
import { Tray } from "../upload/tray.tsx";
import { addFiles } from "../upload/uploads.ts";
import { Gate } from "./gate.tsx";
import { loadGuestReview } from "./guest-review.ts";
import "./share.css";

/** What a guest sees behind a link: a gate where there is one, the assets, and each of them to review. */
export function SharePage({ token, start }: { token: string; start: OpenedShare }) {
  const share = useSignal(start);
  const guestToken = useSignal<string | undefined>(undefined);
  const review = useSignal<ReviewStart | undefined>(undefined);
  const kept = `rushes.guest.${token}`;
  const mayUpload = share.value.unlocked && share.value.allow.upload;

  const enter = (opened: OpenedShare, as: string) => {
    actAsGuest(as);
    guestToken.value = as;
    share.value = opened;
  };
  useEffect(() => {
    const session = sessionStorage.getItem(kept);
    // A link without a passphrase is its own credential; with one, the guest's session is.
    actAsGuest(session ?? (start.needsPassphrase ? undefined : token));
    void api
      .get<OpenedShare>(`/shares/open/${token}`)
      .then((opened) => {
        if (session && opened.unlocked) enter(opened, session);
        else if (!needsGate(opened)) enter(opened, token);
        return show(opened);
      })
      .catch((error: unknown) => {
        // What cannot be reached now may open later: only a session that was refused is forgotten.
        if (!(error instanceof ApiError) || ![401, 403, 404].includes(error.status))
          return complain("This link cannot be opened at the moment. Reload the page to try again.", error);
        sessionStorage.removeItem(kept);
        actAsGuest(undefined);
      });
    const onBack = () => void show(share.value);
    addEventListener("popstate", onBack);
    return () => {
      removeEventListener("popstate", onBack);
      actAsGuest(undefined);
    };
  }, []);

  /** The version the address names, or the only one there is. */
  const show = async (opened: OpenedShare) => {
    const asked = new URL(location.href).searchParams.get("v");
    const item = opened.items.find(({ version }) => version.id === asked);
    const only =
      asked === null && opened.items.length === 1 && !opened.allow.upload ? opened.items[0] : undefined;
    const shown = item ?? only;
    if (!shown || !guestToken.value) {
      review.value = undefined;
      return;
    }
    try {
      review.value = await loadGuestReview({ token, guestToken: guestToken.value, share: opened, ...shown });
    } catch (error) {
      complain("This version cannot be shown.", error);
    }
  };
  const open = (versionId: string) => {
    history.pushState(history.state, "", `/s/${token}?v=${versionId}`);
    void show(share.value);
  };

  if (!guestToken.value)
    return (
      <Gate
        token={token}
        share={share.value}
        onEnter={(opened, session) => {
          sessionStorage.setItem(kept, session);
          enter(opened, session);
          void show(opened);
        }}
      />
    );
  if (review.value) return <ReviewPage key={review.value.version.id} start={review.value} />;
  return (
    <div class="share-page">
      <header class="share-head">
        <p class="quiet small">
          {share.value.projectName} · shared by {share.value.sharedBy}
          {share.value.expiresAt && ` · until ${date(share.value.expiresAt)}`}
        </p>
        <h1>{share.value.name}</h1>
        {share.value.items.length > 0 && <p class="quiet">{count(share.value.items.length, "asset")}</p>}
      </header>
      {mayUpload && <UploadHere share={share.value} />}
      <ul class="share-grid" aria-label="Assets">
        {share.value.items.map(({ asset, version }) => (
          <li key={version.id}>
            <a
              class="card-link"
              href={`/s/${token}?v=${version.id}`}
              onClick={(event) => {
                if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                event.preventDefault();
                open(version.id);
              }}
            >
              <Poster asset={{ ...asset, version }} />
              <span class="asset-name ellipsis" dir="auto">
                {asset.name}
              </span>
              <StatusView status={version.status} />
            </a>
          </li>
        ))}
      </ul>
      {mayUpload && <Tray />}
    </div>
  );
}

/** Asked once, so that comments and the mark over the picture carry a name. */
function needsGate(share: OpenedShare): boolean {
  return (
    share.needsPassphrase ||
    share.allow.comment ||
    share.allow.approve ||
    share.allow.upload ||
    share.watermark !== null
  );
}

function UploadHere({ share }: { share: OpenedShare }) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <div class="panel share-upload">
      <p>{share.sharedBy} asks for your files.</p>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          addFiles(
            files.map((file) => ({ file })),
            { projectId: share.projectId },
          );
          event.currentTarget.value = "";
        }}
      />
      <button type="button" class="button main" onClick={() => picker.current?.click()}>
        <Upload size={16} strokeWidth={1.5} aria-hidden="true" /> Choose files
      </button>
    </div>
  );
}
