import { useSignal } from "@preact/signals";
import { Copy } from "lucide-preact";
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { copy } from "./toasts.tsx";

type InputProps = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "label" | "id" | "class">;

/** An input under its label; numbers and dates stand in the face of instruments. */
export function Field({ label, note, ...input }: InputProps & { label: string; note?: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...input}
        id={id}
        class={`input${input.type === "number" || input.type === "date" ? " numbers" : ""}`}
      />
      {note && <p class="quiet small">{note}</p>}
    </div>
  );
}

/** A day from today on; empty for none. */
export function DayField({ label = "Last day, if it should end", name = "expires" }) {
  return <Field label={label} name={name} type="date" min={new Date().toISOString().slice(0, 10)} />;
}

/** What was written into a form, without spaces at the ends. */
export function textOf(data: FormData, name: string): string {
  return String(data.get(name) ?? "").trim();
}

/** The end of the last day, for the wire; nothing when none was chosen. */
export function expiryOf(data: FormData): { expiresAt?: string } {
  const day = textOf(data, "expires");
  return day ? { expiresAt: new Date(`${day}T23:59:59`).toISOString() } : {};
}

interface FormDialogProps {
  title: string;
  /** What the main button says. */
  save: string;
  onSave: (data: FormData) => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}

/** A dialog that asks for something; its button rests while what it asked for is under way. */
export function FormDialog({ title, save, onSave, onClose, children }: FormDialogProps) {
  const busy = useSignal(false);
  const send = async (form: HTMLFormElement) => {
    busy.value = true;
    await onSave(new FormData(form)).finally(() => {
      busy.value = false;
    });
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget);
        }}
      >
        {children}
        <div class="dialog-actions">
          <button type="button" class="button plain" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button main" disabled={busy.value}>
            {save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A secret or a link, whole, with a button that copies it. */
export function CopyField({
  label,
  value,
  copied,
}: {
  label: string;
  value: string;
  /** What is said afterwards. */
  copied: string;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy-field">
        <input
          id={id}
          class="input numbers"
          readOnly
          value={value}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" class="button main" onClick={() => void copy(value, copied)}>
          <Copy size={16} strokeWidth={1.5} aria-hidden="true" /> Copy
        </button>
      </div>
    </div>
  );
}
