import { useSignal } from "@preact/signals";
import { api } from "../api/client.ts";
import type { WebhookWithSecret } from "../api/types.ts";
import { Field, FormDialog, textOf } from "../ui/fields.tsx";
import { attempt } from "../ui/toasts.tsx";

const events = [
  "upload.received",
  "upload.refused",
  "version.promoted",
  "version.playable",
  "version.ready",
  "version.failed",
  "comment.created",
  "comment.resolved",
  "approval.given",
  "share.opened",
  "hold.placed",
  "hold.released",
  "master.mismatch",
];

export function NewWebhook({
  projectId,
  onClose,
}: {
  projectId: string;
  onClose: (secret?: string) => void;
}) {
  const everything = useSignal(true);
  const create = (data: FormData) =>
    attempt("The endpoint was not added.", async () => {
      const made = await api.post<WebhookWithSecret>("/webhooks", {
        projectId,
        url: textOf(data, "url"),
        description: textOf(data, "description"),
        events: everything.value ? ["*"] : data.getAll("event").map(String),
      });
      onClose(made.secret);
    });
  return (
    <FormDialog title="Add an endpoint" save="Add" onSave={create} onClose={() => onClose()}>
      <Field label="Address" name="url" type="url" required placeholder="https://" maxLength={2000} />
      <Field label="What it is for" name="description" maxLength={500} />
      <label class="check">
        <input
          type="checkbox"
          checked={everything.value}
          onChange={(event) => {
            everything.value = event.currentTarget.checked;
          }}
        />
        Every event
      </label>
      {!everything.value && (
        <fieldset class="event-choice">
          <legend class="visually-hidden">Events</legend>
          {events.map((event) => (
            <label class="check numbers" key={event}>
              <input type="checkbox" name="event" value={event} />
              {event}
            </label>
          ))}
        </fieldset>
      )}
    </FormDialog>
  );
}
