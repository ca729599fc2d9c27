import { useSignal } from "@preact/signals";
import { Copy } from "lucide-preact";
import { api } from "../api/client.ts";
import type { Allow, Share } from "../api/types.ts";
import { Dialog } from "../ui/dialog.tsx";
import { complain, say } from "../ui/toasts.tsx";
import { count } from "../ui/words.ts";

interface Props {
  projectId: string;
  versions: readonly { id: string; name: string }[];
  onClose: () => void;
}

const allowed: [keyof Allow, string][] = [
  ["comment", "Comment"],
  ["approve", "Approve"],
  ["download", "Download the master"],
  ["upload", "Upload files"],
];

/** A link for people without an account: what it opens, for how long, and what they may do. */
export function ShareDialog({ projectId, versions, onClose }: Props) {
  const made = useSignal<Share | undefined>(undefined);
  const busy = useSignal(false);
  const create = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    busy.value = true;
    try {
      made.value = await api.post<Share>("/shares", {
        projectId,
        versionIds: versions.map(({ id }) => id),
        name: text("name"),
        ...(text("passphrase") ? { passphrase: text("passphrase") } : {}),
        ...(text("expires") ? { expiresAt: new Date(`${text("expires")}T23:59:59`).toISOString() } : {}),
        ...(text("watermark") ? { watermark: text("watermark") } : {}),
        allow: Object.fromEntries(allowed.map(([key]) => [key, data.has(key)])),
      });
    } catch (error) {
      complain("The link was not made.", error);
    } finally {
      busy.value = false;
    }
  };
  if (made.value) return <ShareLink share={made.value} onClose={onClose} />;
  return (
    <Dialog
      title={versions.length === 1 ? "Share this version" : `Share ${count(versions.length, "version")}`}
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create(event.currentTarget);
        }}
      >
        <div class="field">
          <label for="share-name">Name</label>
          <input
            id="share-name"
            name="name"
            class="input"
            required
            maxLength={200}
            defaultValue={versions[0]?.name ?? "Share"}
          />
        </div>
        <div class="field">
          <label for="share-passphrase">Passphrase, if you like</label>
          <input
            id="share-passphrase"
            name="passphrase"
            class="input"
            minLength={4}
            maxLength={200}
            autocomplete="off"
          />
        </div>
        <div class="field">
          <label for="share-expires">Last day, if it should end</label>
          <input
            id="share-expires"
            name="expires"
            class="input"
            type="date"
            min={new Date().toISOString().slice(0, 10)}
          />
        </div>
        <div class="field">
          <label for="share-watermark">Watermark over the picture</label>
          <input
            id="share-watermark"
            name="watermark"
            class="input"
            maxLength={200}
            placeholder="Confidential; the guest's name is added"
          />
        </div>
        <fieldset class="share-allow">
          <legend>Guests may watch, and</legend>
          {allowed.map(([key, words]) => (
            <label class="check" key={key}>
              <input type="checkbox" name={key} defaultChecked={key === "comment"} />
              {words}
            </label>
          ))}
        </fieldset>
        <div class="dialog-actions">
          <button type="button" class="button plain" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={busy.value}>
            Create link
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function ShareLink({ share, onClose }: { share: Share; onClose: () => void }) {
  const copy = async () => {
    await navigator.clipboard.writeText(share.url ?? "");
    say("Link copied.");
  };
  return (
    <Dialog title="The link is ready" onClose={onClose}>
      <div class="field">
        <label for="share-url">Link</label>
        <div class="share-url">
          <input
            id="share-url"
            class="input numbers"
            readOnly
            value={share.url ?? ""}
            onFocus={(event) => event.currentTarget.select()}
          />
          <button type="button" class="button main" onClick={() => void copy()}>
            <Copy size={16} strokeWidth={1.5} aria-hidden="true" /> Copy
          </button>
        </div>
      </div>
      <p class="quiet small">
        {share.hasPassphrase
          ? "Tell the passphrase another way than the link."
          : "Anyone with the link can open it. Views are counted under Shares of the project."}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
