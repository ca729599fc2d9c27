import { useSignal } from "@preact/signals";
import { ChevronDown, ChevronRight, Plus } from "lucide-preact";
import { Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { all, api } from "../api/client.ts";
import type { Project, Webhook, WebhookWithSecret } from "../api/types.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { complain, say } from "../ui/toasts.tsx";
import { moment } from "../ui/words.ts";
import { Deliveries } from "./deliveries.tsx";
import { SecretDialog } from "./secret.tsx";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
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

export function Webhooks({ project }: { project: Project }) {
  const hooks = useSignal<Webhook[] | undefined>(undefined);
  const opened = useSignal<string | undefined>(undefined);
  const making = useSignal(false);
  const secret = useSignal<string | undefined>(undefined);
  const load = async () => {
    try {
      hooks.value = await all<Webhook>("/webhooks", { projectId: project.id });
    } catch (error) {
      complain("The webhooks could not be read.", error);
    }
  };
  useEffect(() => void load(), []);
  const attempt = async (what: string, failed: string, run: () => Promise<unknown>) => {
    try {
      await run();
      say(what);
      await load();
    } catch (error) {
      complain(failed, error);
    }
  };
  return (
    <section class="section">
      <div class="section-head">
        <h2>Webhooks</h2>
        <button
          type="button"
          class="button main"
          onClick={() => {
            making.value = true;
          }}
        >
          <Plus {...icon} /> Add an endpoint
        </button>
      </div>
      <p class="quiet">
        Rushes tells these addresses what happens in the project, signed as Standard Webhooks describes, and
        tries again for a day when one does not answer.
      </p>
      {!hooks.value ? (
        <div class="skeleton" style={{ height: "96px" }} />
      ) : hooks.value.length === 0 ? (
        <p class="quiet">No endpoints yet.</p>
      ) : (
        <section class="panel scroll-x" aria-label="Webhooks table" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th>Endpoint</th>
                <th>Events</th>
                <th>State</th>
                <th>
                  <span class="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {hooks.value.map((hook) => {
                const isOpen = opened.value === hook.id;
                const path = `/webhooks/${hook.id}`;
                return (
                  <Fragment key={hook.id}>
                    <tr>
                      <td>
                        <button
                          type="button"
                          class="row-opener"
                          aria-expanded={isOpen}
                          onClick={() => {
                            opened.value = isOpen ? undefined : hook.id;
                          }}
                        >
                          {isOpen ? <ChevronDown {...icon} /> : <ChevronRight {...icon} />}
                          {hook.url}
                        </button>
                        {hook.description && <span class="quiet small row-note">{hook.description}</span>}
                      </td>
                      <td>{hook.events.includes("*") ? "All" : hook.events.join(", ")}</td>
                      <td>
                        <span class={`state ${hook.enabled ? "ok" : "bad"}`}>
                          {hook.enabled ? "On" : "Off"}
                        </span>
                        {hook.disabledReason && (
                          <span class="quiet small row-note">{hook.disabledReason}</span>
                        )}
                        {hook.previousSecretUntil && (
                          <span class="quiet small row-note">
                            Old secret until {moment(hook.previousSecretUntil)}
                          </span>
                        )}
                      </td>
                      <td>
                        <span class="row-actions">
                          <Menu
                            label={`More for ${hook.url}`}
                            align="end"
                            trigger={<span aria-hidden="true">⋯</span>}
                          >
                            <MenuItem
                              onSelect={() =>
                                void attempt(
                                  "A test is on its way; look below.",
                                  "No test was sent.",
                                  async () => {
                                    await api.post(`${path}/test`);
                                    opened.value = hook.id;
                                  },
                                )
                              }
                            >
                              Send a test
                            </MenuItem>
                            <MenuItem
                              onSelect={() =>
                                void attempt("The secret was changed.", "The secret stayed.", async () => {
                                  secret.value = (await api.post<WebhookWithSecret>(`${path}/rotate`)).secret;
                                })
                              }
                            >
                              New secret
                            </MenuItem>
                            <MenuItem
                              onSelect={() =>
                                void attempt(
                                  hook.enabled ? "Switched off." : "Switched on.",
                                  "Nothing changed.",
                                  () => api.change(path, { enabled: !hook.enabled }),
                                )
                              }
                            >
                              {hook.enabled ? "Switch off" : "Switch on"}
                            </MenuItem>
                            <MenuItem
                              danger
                              onSelect={() =>
                                void attempt("The endpoint is gone.", "Nothing was deleted.", () =>
                                  api.removeCurrent(path),
                                )
                              }
                            >
                              Delete
                            </MenuItem>
                          </Menu>
                        </span>
                      </td>
                    </tr>
                    {isOpen && (
                      <tr class="story">
                        <td colSpan={4}>
                          <Deliveries webhookId={hook.id} />
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
      {making.value && (
        <NewWebhook
          projectId={project.id}
          onClose={(made) => {
            making.value = false;
            if (!made) return;
            secret.value = made;
            void load();
          }}
        />
      )}
      {secret.value && (
        <SecretDialog
          title="The endpoint's secret"
          secret={secret.value}
          onClose={() => {
            secret.value = undefined;
          }}
        />
      )}
    </section>
  );
}

function NewWebhook({ projectId, onClose }: { projectId: string; onClose: (secret?: string) => void }) {
  const everything = useSignal(true);
  const create = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    try {
      const made = await api.post<WebhookWithSecret>("/webhooks", {
        projectId,
        url: String(data.get("url")).trim(),
        description: String(data.get("description")).trim(),
        events: everything.value ? ["*"] : data.getAll("event").map(String),
      });
      onClose(made.secret);
    } catch (error) {
      complain("The endpoint was not added.", error);
    }
  };
  return (
    <Dialog title="Add an endpoint" onClose={() => onClose()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create(event.currentTarget);
        }}
      >
        <div class="field">
          <label for="hook-url">Address</label>
          <input
            id="hook-url"
            name="url"
            class="input"
            type="url"
            required
            placeholder="https://"
            maxLength={2000}
          />
        </div>
        <div class="field">
          <label for="hook-description">What it is for</label>
          <input id="hook-description" name="description" class="input" maxLength={500} />
        </div>
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
        <div class="dialog-actions">
          <button type="button" class="button plain" onClick={() => onClose()}>
            Cancel
          </button>
          <button type="submit" class="button main">
            Add
          </button>
        </div>
      </form>
    </Dialog>
  );
}
