import { useSignal } from "@preact/signals";
import { Ellipsis, Plus } from "lucide-preact";
import { api } from "../api/client.ts";
import type { Project, Webhook, WebhookWithSecret } from "../api/types.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { actions, Table } from "../ui/table.tsx";
import { attempt, say } from "../ui/toasts.tsx";
import { useList } from "../ui/use-list.ts";
import { moment } from "../ui/words.ts";
import { Deliveries } from "./deliveries.tsx";
import { NewWebhook } from "./new-webhook.tsx";
import { SecretDialog } from "./secret.tsx";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
const columns = [{ name: "Endpoint" }, { name: "Events" }, { name: "State" }, actions];

/** Who else is told what happens in the project; each row opens what was sent. */
export function Webhooks({ project }: { project: Project }) {
  const [hooks, load] = useList<Webhook>(
    "/webhooks",
    { projectId: project.id },
    "The webhooks could not be read.",
  );
  const tested = useSignal<string | undefined>(undefined);
  const making = useSignal(false);
  const secret = useSignal<string | undefined>(undefined);
  const change = (done: string, failed: string, run: () => Promise<unknown>) =>
    void attempt(failed, async () => {
      await run();
      say(done);
      await load();
    });
  const menuOf = (hook: Webhook) => {
    const path = `/webhooks/${hook.id}`;
    return (
      <Menu label={`More for ${hook.url}`} align="end" trigger={<Ellipsis {...icon} />}>
        <MenuItem
          onSelect={() =>
            change("A test is on its way; look below.", "No test was sent.", async () => {
              await api.post(`${path}/test`);
              tested.value = hook.id;
            })
          }
        >
          Send a test
        </MenuItem>
        <MenuItem
          onSelect={() =>
            change("The secret was changed.", "The secret stayed.", async () => {
              secret.value = (await api.post<WebhookWithSecret>(`${path}/rotate`)).secret;
            })
          }
        >
          New secret
        </MenuItem>
        <MenuItem
          onSelect={() =>
            change(hook.enabled ? "Switched off." : "Switched on.", "Nothing changed.", () =>
              api.change(path, { enabled: !hook.enabled }),
            )
          }
        >
          {hook.enabled ? "Switch off" : "Switch on"}
        </MenuItem>
        <MenuItem
          danger
          onSelect={() =>
            change("The endpoint is gone.", "Nothing was deleted.", () => api.removeCurrent(path))
          }
        >
          Delete
        </MenuItem>
      </Menu>
    );
  };
  const rows = hooks.value?.map((hook) => ({
    key: hook.id,
    note: hook.description,
    story: () => <Deliveries webhookId={hook.id} />,
    cells: [
      hook.url,
      hook.events.includes("*") ? "All" : hook.events.join(", "),
      <>
        <span class={`state ${hook.enabled ? "ok" : "bad"}`}>{hook.enabled ? "On" : "Off"}</span>
        {hook.disabledReason && <span class="quiet small row-note">{hook.disabledReason}</span>}
        {hook.previousSecretUntil && (
          <span class="quiet small row-note">Old secret until {moment(hook.previousSecretUntil)}</span>
        )}
      </>,
      menuOf(hook),
    ],
  }));
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
      <Table label="Webhooks" columns={columns} rows={rows} none="No endpoints yet." open={tested.value} />
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
