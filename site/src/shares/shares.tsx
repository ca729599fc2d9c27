import { useSignal } from "@preact/signals";
import { ChevronDown, ChevronRight, Copy, KeyRound, RefreshCw, Trash2 } from "lucide-preact";
import { Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Page, Share, ShareVisit } from "../api/types.ts";
import { useAlive } from "../ui/alive.ts";
import { complain, say } from "../ui/toasts.tsx";
import { count, date, moment } from "../ui/words.ts";
import "../settings/settings.css";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

const allowWords = ({ allow }: Share) => {
  const words = [
    "watch",
    allow.comment && "comment",
    allow.approve && "approve",
    allow.download && "download",
    allow.upload && "upload",
  ];
  return words.filter(Boolean).join(", ");
};

/** Every link of the project: what it allows, until when, and who looked. */
export function Shares({ start }: { start: Share[] }) {
  const shares = useSignal(start);
  const opened = useSignal<string | undefined>(undefined);
  const replace = (share: Share) => {
    shares.value = shares.value.map((one) => (one.id === share.id ? share : one));
  };
  const copy = async ({ url }: Share) => {
    await navigator.clipboard.writeText(url ?? "");
    say("Link copied.");
  };
  const renew = async (share: Share) => {
    try {
      replace(await api.change<Share>(`/shares/${share.id}`, { renewLink: true }));
      say("There is a new link. The old one does not open any more.");
    } catch (error) {
      complain("The link stayed as it was.", error);
    }
  };
  const remove = async (share: Share) => {
    try {
      await api.removeCurrent(`/shares/${share.id}`);
      shares.value = shares.value.filter(({ id }) => id !== share.id);
      say("The link does not open any more.");
    } catch (error) {
      complain("The link still works.", error);
    }
  };
  return (
    <div class="page" {...useAlive()}>
      <div class="page-head">
        <h1>Shares</h1>
      </div>
      {shares.value.length === 0 ? (
        <div class="panel first-step">
          <h2>No links yet</h2>
          <p class="quiet">Open an asset and choose Share to give people without an account a link to it.</p>
        </div>
      ) : (
        <section class="panel scroll-x" aria-label="Shares table" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th>Name</th>
                <th>Guests may</th>
                <th>Protection</th>
                <th>Ends</th>
                <th class="right">Views</th>
                <th class="right">Downloads</th>
                <th>
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shares.value.map((share) => {
                const isOpen = opened.value === share.id;
                const ended = share.expiresAt !== null && Date.parse(share.expiresAt) < Date.now();
                return (
                  <Fragment key={share.id}>
                    <tr>
                      <td>
                        <button
                          type="button"
                          class="row-opener"
                          aria-expanded={isOpen}
                          onClick={() => {
                            opened.value = isOpen ? undefined : share.id;
                          }}
                        >
                          {isOpen ? <ChevronDown {...icon} /> : <ChevronRight {...icon} />}
                          {share.name}
                        </button>
                        <span class="quiet small row-note">
                          {count(share.versionIds.length, "version")} · by {share.createdBy},{" "}
                          {date(share.createdAt)}
                        </span>
                      </td>
                      <td>{allowWords(share)}</td>
                      <td>
                        {share.hasPassphrase ? (
                          <span class="state plain">
                            <KeyRound size={14} strokeWidth={1.5} aria-hidden="true" /> Passphrase
                          </span>
                        ) : (
                          <span class="quiet">None</span>
                        )}
                        {share.watermark && <span class="quiet small row-note">Watermark</span>}
                      </td>
                      <td>
                        {share.expiresAt ? (
                          ended ? (
                            <span class="state bad">Ended</span>
                          ) : (
                            date(share.expiresAt)
                          )
                        ) : (
                          "Never"
                        )}
                      </td>
                      <td class="numbers right">{share.views}</td>
                      <td class="numbers right">{share.downloads}</td>
                      <td>
                        <span class="row-actions">
                          <button
                            type="button"
                            class="icon-button"
                            aria-label={`Copy the link of ${share.name}`}
                            title="Copy the link"
                            onClick={() => void copy(share)}
                          >
                            <Copy {...icon} />
                          </button>
                          <button
                            type="button"
                            class="icon-button"
                            aria-label={`New link for ${share.name}`}
                            title="New link; the old one ends"
                            onClick={() => void renew(share)}
                          >
                            <RefreshCw {...icon} />
                          </button>
                          <button
                            type="button"
                            class="icon-button"
                            aria-label={`Take ${share.name} back`}
                            title="Take the link back"
                            onClick={() => void remove(share)}
                          >
                            <Trash2 {...icon} />
                          </button>
                        </span>
                      </td>
                    </tr>
                    {isOpen && (
                      <tr class="story">
                        <td colSpan={7}>
                          <Visits share={share} />
                        </td>
                      </tr>
                    )}
                  </Fragment>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

function Visits({ share }: { share: Share }) {
  const visits = useSignal<ShareVisit[] | undefined>(undefined);
  useEffect(() => {
    void api
      .get<Page<ShareVisit>>(`/shares/${share.id}/visits`, { limit: 100 })
      .then(({ items }) => {
        visits.value = items;
      })
      .catch((error: unknown) => complain("The visits could not be read.", error));
  }, []);
  if (!visits.value) return <div class="skeleton" style={{ height: "32px" }} />;
  if (visits.value.length === 0) return <p class="quiet">Nobody has opened it yet.</p>;
  return (
    <ul class="visits">
      {visits.value.map((visit, index) => (
        <li key={index}>
          <span>{visit.guestName ?? "Somebody"}</span>
          <span class="quiet">{visit.kind === "view" ? "looked" : "downloaded"}</span>
          <time class="quiet numbers" dateTime={visit.at}>
            {moment(visit.at)}
          </time>
        </li>
      ))}
    </ul>
  );
}
