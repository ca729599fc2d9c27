import { useSignal } from "@preact/signals";
import { api } from "../api/client.ts";
import type { Allow, Share } from "../api/types.ts";
import { Dialog } from "../ui/dialog.tsx";
import { CopyField, DayField, expiryOf, Field, FormDialog, textOf } from "../ui/fields.tsx";
import { attempt } from "../ui/toasts.tsx";
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
  const create = (data: FormData) =>
    attempt("The link was not made.", async () => {
      const [passphrase, watermark] = [textOf(data, "passphrase"), textOf(data, "watermark")];
      made.value = await api.post<Share>("/shares", {
        projectId,
        versionIds: versions.map(({ id }) => id),
        name: textOf(data, "name"),
        ...(passphrase ? { passphrase } : {}),
        ...expiryOf(data),
        ...(watermark ? { watermark } : {}),
        allow: Object.fromEntries(allowed.map(([key]) => [key, data.has(key)])),
      });
    });
  if (made.value) return <ShareLink share={made.value} onClose={onClose} />;
  return (
    <FormDialog
      title={versions.length === 1 ? "Share this version" : `Share ${count(versions.length, "version")}`}
      save="Create link"
      onSave={create}
      onClose={onClose}
    >
      <Field label="Name" name="name" required maxLength={200} defaultValue={versions[0]?.name ?? "Share"} />
      <Field
        label="Passphrase, if you like"
        name="passphrase"
        minLength={4}
        maxLength={200}
        autocomplete="off"
      />
      <DayField />
      <Field
        label="Watermark over the picture"
        name="watermark"
        maxLength={200}
        placeholder="Confidential; the guest's name is added"
      />
      <fieldset class="share-allow">
        <legend>Guests may watch, and</legend>
        {allowed.map(([key, words]) => (
          <label class="check" key={key}>
            <input type="checkbox" name={key} defaultChecked={key === "comment"} />
            {words}
          </label>
        ))}
      </fieldset>
    </FormDialog>
  );
}

function ShareLink({ share, onClose }: { share: Share; onClose: () => void }) {
  return (
    <Dialog title="The link is ready" onClose={onClose}>
      <CopyField label="Link" value={share.url ?? ""} copied="Link copied." />
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
