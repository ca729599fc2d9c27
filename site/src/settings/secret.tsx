import { Dialog } from "../ui/dialog.tsx";
import { CopyField } from "../ui/fields.tsx";

/** A secret the server shows once and never again. */
export function SecretDialog({
  title,
  secret,
  onClose,
}: {
  title: string;
  secret: string;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="quiet">
        Copy it now and keep it safe. It is stored as a fingerprint only and cannot be shown again.
      </p>
      <CopyField label="Secret" value={secret} copied="Copied." />
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
