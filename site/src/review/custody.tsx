import { useSignal } from "@preact/signals";
import { Copy, FileDown, Lock, LockOpen, ShieldCheck } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { api, saveFile } from "../api/client.ts";
import type { Custody as Facts } from "../api/types.ts";
import { Dialog } from "../ui/dialog.tsx";
import { complain, copy, say } from "../ui/toasts.tsx";
import { date, moment, size } from "../ui/words.ts";
import { actionWords } from "./custody-words.ts";
import type { Review } from "./review.ts";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

/** What proves that the master is what was handed in, and that nobody can take it away. */
export function Custody({ review }: { review: Review }) {
  const facts = useSignal<Facts | undefined>(undefined);
  const wrong = useSignal("");
  /** What is asked, fixed when the dialog opens: a hold that changes meanwhile must not turn the question round. */
  const asking = useSignal<Pick<DialogProps, "kind" | "on"> | undefined>(undefined);
  /** When the last full reading was, while a new one is waited for. */
  const awaiting = useSignal<string | null | undefined>(undefined);
  const id = review.version.value.id;
  const load = async () => {
    try {
      facts.value = await api.get<Facts>(`/versions/${id}/custody`);
      wrong.value = "";
      if (facts.value.verifiedAt !== awaiting.value) awaiting.value = undefined;
    } catch (error) {
      wrong.value = error instanceof Error ? error.message : "It could not be read.";
    }
  };
  // Holds, locks and the first reading change the version, which the page is told of.
  useEffect(() => void load(), [review.version.value]);
  useEffect(() => {
    if (awaiting.value === undefined) return;
    const timer = setInterval(load, 5000);
    return () => clearInterval(timer);
  }, [awaiting.value]);
  const custody = facts.value;
  if (wrong.value && !custody)
    return (
      <div class="panel-page padded">
        <p class="notice bad">{wrong.value}</p>
        <button type="button" class="button" onClick={() => void load()}>
          Try again
        </button>
      </div>
    );
  if (!custody)
    return (
      <div class="panel-page padded" aria-busy="true">
        <div class="skeleton" style={{ height: "72px" }} />
        <div class="skeleton" style={{ height: "160px" }} />
      </div>
    );
  const { hashes, storage, lock, legalHold } = custody;
  const fromSender = hashes.client ?? hashes.clientXxh128;
  const stored = hashes.client ? hashes.sha256 : hashes.xxh128;
  const matches = fromSender && stored ? fromSender === stored : undefined;
  return (
    <div class="panel-page padded">
      {wrong.value && <p class="notice bad">{wrong.value}</p>}
      {storage.missing && (
        <p class="notice bad">
          The storage does not have this master. What is shown here is what was recorded; ask an administrator
          to look at the storage.
        </p>
      )}
      <section class="custody-lock">
        {lock ? <Lock {...icon} /> : <LockOpen {...icon} />}
        <div>
          <p>
            {lock
              ? `Locked until ${date(lock.until)}. ${
                  lock.mode === "COMPLIANCE"
                    ? "Nobody can delete it before, not even an administrator."
                    : "Nobody can delete it before; only the storage's owner could lift the lock."
                }`
              : "Not locked yet. The lock is set as soon as the copy is complete."}
          </p>
          {lock && (
            <p class="quiet small">
              {storage.missing ? "Last read" : "Read"} from the storage {moment(lock.readAt)}
            </p>
          )}
        </div>
      </section>
      {legalHold.on && (
        <section class="custody-lock hold">
          <ShieldCheck {...icon} />
          <div>
            <p>Under legal hold{legalHold.placedBy ? `, placed by ${legalHold.placedBy}` : ""}.</p>
            {legalHold.reason && <p class="quiet small">{legalHold.reason}</p>}
            <p class="quiet small">A second manager has to release it.</p>
          </div>
        </section>
      )}
      {review.rights.manage && !storage.missing && (
        <div class="custody-actions">
          <button
            type="button"
            class="button"
            onClick={() => {
              asking.value = { kind: "hold", on: !legalHold.on };
            }}
          >
            {legalHold.on ? "Release the hold" : "Place a legal hold"}
          </button>
          <button
            type="button"
            class="button"
            onClick={() => {
              asking.value = { kind: "retention", on: true };
            }}
          >
            Lock for longer
          </button>
        </div>
      )}
      <h2>Fingerprints</h2>
      {matches !== undefined && (
        <p class={`state ${matches ? "ok" : "bad"}`}>
          <ShieldCheck size={14} strokeWidth={2} aria-hidden="true" />
          {matches
            ? "The stored file is the one that left the uploader's disk."
            : "The stored file differs from the one that left the uploader's disk."}
        </p>
      )}
      <dl class="facts hashes">
        <Hash name="SHA-256" value={hashes.sha256} />
        <Hash name="XXH128" value={hashes.xxh128} />
        <Hash name="C4" value={hashes.c4} />
        <Hash name="From the uploader" value={fromSender} />
        <Hash name="Storage version" value={storage.versionId} />
        <Hash name="ETag" value={storage.etag} />
        <div>
          <dt>Size</dt>
          <dd class="numbers">
            {size(storage.bytes)} ({storage.bytes.toLocaleString("en-GB")} bytes)
          </dd>
        </div>
      </dl>
      <h2>Proof to take along</h2>
      <p class="quiet small">
        {awaiting.value !== undefined
          ? "The master is read again within minutes; the result appears here."
          : custody.verifiedAt
            ? `The whole master was last read and compared ${moment(custody.verifiedAt)}.`
            : "The whole master has not been read again since it was locked."}
      </p>
      <div class="custody-actions">
        {custody.generations.length > 0 && (
          <button
            type="button"
            class="button"
            onClick={() =>
              void saveFile(`/versions/${id}/custody/mhl`, {}, "manifest.mhl").catch((error: unknown) =>
                complain("The manifest cannot be downloaded.", error),
              )
            }
          >
            <FileDown {...icon} /> ASC MHL manifest
          </button>
        )}
        {review.rights.manage && (
          <button
            type="button"
            class="button"
            disabled={awaiting.value !== undefined}
            onClick={() =>
              void api
                .post(`/versions/${id}/verify`)
                .then(() => {
                  awaiting.value = custody.verifiedAt;
                })
                .catch((error: unknown) => complain("It was not asked for.", error))
            }
          >
            Read it again now
          </button>
        )}
      </div>
      <h2>Chain of events</h2>
      <ol class="chain">
        {custody.chain.map((event, index) => (
          <li key={index}>
            <p>{actionWords(event.action, event.detail)}</p>
            <p class="quiet small">
              {event.actor.name} · <time dateTime={event.at}>{moment(event.at)}</time>
            </p>
          </li>
        ))}
      </ol>
      {asking.value && (
        <CustodyDialog
          {...asking.value}
          until={lock?.until}
          versionId={id}
          onClose={(changed) => {
            asking.value = undefined;
            if (changed) void load();
          }}
        />
      )}
    </div>
  );
}

function Hash({ name, value }: { name: string; value: string | null }) {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd class="numbers hash">
        <span>{value}</span>
        <button
          type="button"
          class="icon-button"
          aria-label={`Copy ${name}`}
          title={`Copy ${name}`}
          onClick={() => void copy(value, `${name} copied.`)}
        >
          <Copy size={14} strokeWidth={1.5} aria-hidden="true" />
        </button>
      </dd>
    </div>
  );
}

interface DialogProps {
  kind: "hold" | "retention";
  on: boolean;
  until: string | undefined;
  versionId: string;
  onClose: (changed: boolean) => void;
}

function CustodyDialog({ kind, on, until, versionId, onClose }: DialogProps) {
  const value = useSignal("");
  const least = (until ? new Date(Date.parse(until) + 86_400_000) : new Date()).toISOString().slice(0, 10);
  const send = async () => {
    try {
      if (kind === "hold") await api.post(`/versions/${versionId}/legal-hold`, { on, reason: value.value });
      else await api.post(`/versions/${versionId}/retention`, { until: `${value.value}T00:00:00Z` });
      say(
        kind === "hold" ? (on ? "The hold is placed." : "The hold is released.") : "The lock was extended.",
      );
      onClose(true);
    } catch (error) {
      complain("Nothing was changed.", error);
    }
  };
  const title = kind === "retention" ? "Lock for longer" : on ? "Place a legal hold" : "Release the hold";
  return (
    <Dialog title={title} onClose={() => onClose(false)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p class="quiet">
          {kind === "retention"
            ? "A lock can be extended, never shortened. Until the new date nobody can delete the master."
            : on
              ? "While the hold is on, nobody can delete this version, whatever its lock says. Releasing it takes another manager."
              : "Only a manager other than the one who placed it can release the hold."}
        </p>
        <div class="field">
          <label for="custody-value">{kind === "retention" ? "Locked until" : "Reason"}</label>
          <input
            id="custody-value"
            class="input"
            type={kind === "retention" ? "date" : "text"}
            {...(kind === "retention" ? { min: least } : { maxLength: 1000 })}
            required
            value={value.value}
            onInput={(event) => {
              value.value = event.currentTarget.value;
            }}
          />
        </div>
        <div class="dialog-actions">
          <button type="button" class="button plain" onClick={() => onClose(false)}>
            Cancel
          </button>
          <button type="submit" class="button main">
            {title}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
