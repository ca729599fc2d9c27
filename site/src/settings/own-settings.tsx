import { useSignal } from "@preact/signals";
import { Plus } from "lucide-preact";
import { api } from "../api/client.ts";
import type { ApiKey, CreatedKey } from "../api/types.ts";
import type { Session } from "../server/session.ts";
import { useAlive } from "../ui/alive.ts";
import { Avatar } from "../ui/avatar.tsx";
import { DayField, expiryOf, Field, FormDialog, textOf } from "../ui/fields.tsx";
import { actions, Table } from "../ui/table.tsx";
import { attempt, say } from "../ui/toasts.tsx";
import { useList } from "../ui/use-list.ts";
import { date, moment } from "../ui/words.ts";
import { SecretDialog } from "./secret.tsx";
import "./settings.css";

const scopes: [string, string][] = [
  ["read", "Read"],
  ["upload", "Upload"],
  ["comment", "Comment and approve"],
  ["manage", "Manage projects"],
  ["admin", "Administer the deployment"],
];
const columns = [{ name: "Name" }, { name: "May" }, { name: "Ends" }, { name: "Last used" }, actions];

/** A person's own page: who they are here, and the keys of their scripts. */
export function OwnSettings({ session }: { session: Session }) {
  const [keys, load] = useList<ApiKey>("/keys", {}, "The keys could not be read.");
  const making = useSignal(false);
  const secret = useSignal<string | undefined>(undefined);
  const revoke = (key: ApiKey) =>
    attempt("The key still works.", async () => {
      await api.removeCurrent(`/keys/${key.id}`);
      say(`${key.name} does not work any more.`);
      await load();
    });
  const rows = keys.value?.map((key) => ({
    key: key.id,
    note: <span class="numbers">{key.hint}</span>,
    cells: [
      key.name,
      key.scopes.join(", "),
      key.revokedAt ? "Revoked" : key.expiresAt ? date(key.expiresAt) : "Never",
      <span class="quiet">{key.lastUsedAt ? moment(key.lastUsedAt) : "Never"}</span>,
      !key.revokedAt && (
        <button type="button" class="button plain" onClick={() => void revoke(key)}>
          Revoke
        </button>
      ),
    ],
  }));
  return (
    <div class="page narrow" {...useAlive()}>
      <div class="page-head">
        <h1>Settings</h1>
      </div>
      <section class="section">
        <h2>You</h2>
        <div class="person-cell">
          <Avatar name={session.name} id={session.id} size={40} />
          <span>
            {session.name}
            <span class="quiet small">{session.email}</span>
          </span>
        </div>
      </section>
      <section class="section">
        <div class="section-head">
          <h2>API keys</h2>
          <button
            type="button"
            class="button main"
            onClick={() => {
              making.value = true;
            }}
          >
            <Plus size={16} strokeWidth={1.5} aria-hidden="true" /> New key
          </button>
        </div>
        <p class="quiet">For scripts and the rushes command line. A key may do at most what you may do.</p>
        <Table label="API keys" columns={columns} rows={rows} none="No keys yet." />
      </section>
      {making.value && (
        <NewKey
          isAdmin={session.admin}
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
          title="Your new key"
          secret={secret.value}
          onClose={() => {
            secret.value = undefined;
          }}
        />
      )}
    </div>
  );
}

function NewKey({ isAdmin, onClose }: { isAdmin: boolean; onClose: (secret?: string) => void }) {
  const create = (data: FormData) =>
    attempt("The key was not made.", async () => {
      const made = await api.post<CreatedKey>("/keys", {
        name: textOf(data, "name"),
        scopes: data.getAll("scope").map(String),
        ...expiryOf(data),
      });
      onClose(made.secret);
    });
  return (
    <FormDialog title="New key" save="Create key" onSave={create} onClose={() => onClose()}>
      <Field label="Name" name="name" required maxLength={200} autocomplete="off" />
      <fieldset class="share-allow">
        <legend>It may</legend>
        {scopes
          .filter(([scope]) => scope !== "admin" || isAdmin)
          .map(([scope, words]) => (
            <label class="check" key={scope}>
              <input type="checkbox" name="scope" value={scope} defaultChecked={scope === "read"} />
              {words}
            </label>
          ))}
      </fieldset>
      <DayField />
    </FormDialog>
  );
}
