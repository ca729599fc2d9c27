import { useSignal } from "@preact/signals";
import { Plus } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { all, api } from "../api/client.ts";
import type { ApiKey, CreatedKey } from "../api/types.ts";
import type { Session } from "../server/session.ts";
import { useAlive } from "../ui/alive.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { complain, say } from "../ui/toasts.tsx";
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

/** A person's own page: who they are here, and the keys of their scripts. */
export function OwnSettings({ session }: { session: Session }) {
  const keys = useSignal<ApiKey[] | undefined>(undefined);
  const making = useSignal(false);
  const secret = useSignal<string | undefined>(undefined);
  const load = async () => {
    try {
      keys.value = await all<ApiKey>("/keys", {});
    } catch (error) {
      complain("The keys could not be read.", error);
    }
  };
  useEffect(() => void load(), []);
  const revoke = async (key: ApiKey) => {
    try {
      await api.removeCurrent(`/keys/${key.id}`);
      say(`${key.name} does not work any more.`);
      await load();
    } catch (error) {
      complain("The key still works.", error);
    }
  };
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
        {!keys.value ? (
          <div class="skeleton" style={{ height: "96px" }} />
        ) : keys.value.length === 0 ? (
          <p class="quiet">No keys yet.</p>
        ) : (
          <section class="panel scroll-x" aria-label="API keys table" tabIndex={0}>
            <table class="table">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>May</th>
                  <th>Ends</th>
                  <th>Last used</th>
                  <th>
                    <span class="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {keys.value.map((key) => (
                  <tr key={key.id}>
                    <td>
                      {key.name}
                      <span class="quiet small numbers row-note">{key.hint}</span>
                    </td>
                    <td>{key.scopes.join(", ")}</td>
                    <td>{key.revokedAt ? "Revoked" : key.expiresAt ? date(key.expiresAt) : "Never"}</td>
                    <td class="quiet">{key.lastUsedAt ? moment(key.lastUsedAt) : "Never"}</td>
                    <td class="right">
                      {!key.revokedAt && (
                        <button type="button" class="button plain" onClick={() => void revoke(key)}>
                          Revoke
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
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
  const create = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const until = String(data.get("expires"));
    try {
      const made = await api.post<CreatedKey>("/keys", {
        name: String(data.get("name")).trim(),
        scopes: data.getAll("scope").map(String),
        ...(until ? { expiresAt: new Date(`${until}T23:59:59`).toISOString() } : {}),
      });
      onClose(made.secret);
    } catch (error) {
      complain("The key was not made.", error);
    }
  };
  return (
    <Dialog title="New key" onClose={() => onClose()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create(event.currentTarget);
        }}
      >
        <div class="field">
          <label for="key-name">Name</label>
          <input id="key-name" name="name" class="input" required maxLength={200} autocomplete="off" />
        </div>
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
        <div class="field">
          <label for="key-expires">Last day, if it should end</label>
          <input
            id="key-expires"
            name="expires"
            class="input"
            type="date"
            min={new Date().toISOString().slice(0, 10)}
          />
        </div>
        <div class="dialog-actions">
          <button type="button" class="button plain" onClick={() => onClose()}>
            Cancel
          </button>
          <button type="submit" class="button main">
            Create key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
