import { useSignal } from "@preact/signals";
import { ApiError, api } from "../api/client.ts";
import type { OpenedShare } from "../api/types.ts";
import { useAlive } from "../ui/alive.ts";
import { recall, remember } from "../ui/remember.ts";
import "../layouts/message.css";

interface Unlocked {
  token: string;
  share: OpenedShare;
}

/** Who are you, and where there is one, the passphrase: nothing else on the page. */
export function Gate({
  token,
  share,
  onEnter,
}: {
  token: string;
  share: OpenedShare;
  onEnter: (share: OpenedShare, session: string) => void;
}) {
  const wrong = useSignal("");
  const busy = useSignal(false);
  const enter = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const name = String(data.get("name")).trim();
    busy.value = true;
    wrong.value = "";
    try {
      const answer = await api.post<Unlocked>(`/shares/open/${token}/unlock`, {
        name,
        ...(share.needsPassphrase ? { passphrase: String(data.get("passphrase")) } : {}),
      });
      remember("guest-name", name);
      onEnter(answer.share, answer.token);
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      wrong.value =
        code === "passphrase-wrong"
          ? "That is not the passphrase. Check it with the person who sent the link."
          : error instanceof Error
            ? error.message
            : "It did not open.";
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="message" {...useAlive()}>
      <p class="quiet">{share.projectName}</p>
      <h1>{share.name}</h1>
      <p class="quiet">Shared by {share.sharedBy}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void enter(event.currentTarget);
        }}
      >
        <div class="field">
          <label for="guest-name">Your name</label>
          <input
            id="guest-name"
            name="name"
            class="input"
            required
            maxLength={200}
            autocomplete="name"
            defaultValue={recall("guest-name", "")}
          />
        </div>
        {share.needsPassphrase && (
          <div class="field">
            <label for="guest-passphrase">Passphrase</label>
            <input
              id="guest-passphrase"
              name="passphrase"
              class="input"
              type="password"
              required
              maxLength={200}
              autocomplete="off"
              aria-invalid={wrong.value !== ""}
              {...(wrong.value ? { "aria-describedby": "gate-wrong" } : {})}
            />
          </div>
        )}
        {wrong.value && (
          <p class="notice bad" id="gate-wrong" role="alert">
            {wrong.value}
          </p>
        )}
        <button type="submit" class="button main" disabled={busy.value}>
          Open
        </button>
      </form>
    </div>
  );
}
