import { Copy } from "lucide-preact";
import { Dialog } from "../ui/dialog.tsx";
import { say } from "../ui/toasts.tsx";

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
      <div class="field">
        <label for="secret">Secret</label>
        <div class="secret">
          <input
            id="secret"
            class="input numbers"
            readOnly
            value={secret}
            onFocus={(event) => event.currentTarget.select()}
          />
          <button
            type="button"
            class="button main"
            onClick={() => void navigator.clipboard.writeText(secret).then(() => say("Copied."))}
          >
            <Copy size={16} strokeWidth={1.5} aria-hidden="true" /> Copy
          </button>
        </div>
      </div>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
