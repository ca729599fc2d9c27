import { signal } from "@preact/signals";
import { CircleAlert, CircleCheck, X } from "lucide-preact";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError } from "../api/client.ts";
import "./toasts.css";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
  action?: { label: string; run: () => void } | undefined;
}

const toasts = signal<Toast[]>([]);
/** The page and the dialogs open over it: what lies under a dialog is dimmed, and nobody hears or presses it. */
const rooms = signal<readonly symbol[]>([]);
let next = 1;

/** Says something at the edge of the page; stays longer when it offers a way back. */
export function say(text: string, action?: Toast["action"], bad = false): () => void {
  const id = next++;
  const drop = () => {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  };
  toasts.value = [...toasts.value.slice(-3), { id, text, bad, action }];
  setTimeout(drop, action || bad ? 8000 : 4000);
  return drop;
}

/** Where one signs in and comes back from to this page. */
export function signInHere(): string {
  return `/signin?returnTo=${encodeURIComponent(location.pathname + location.search)}`;
}

/** What failed in plain words: what was tried, then the reason the API gave. */
export function complain(what: string, error: unknown): void {
  const reason = error instanceof ApiError ? error.message : "Something broke in the page.";
  if (!(error instanceof ApiError)) console.error(error);
  const signedOut = error instanceof ApiError && error.status === 401;
  const signIn = () => {
    location.assign(signInHere());
  };
  say(`${what} ${reason}`, signedOut ? { label: "Sign in", run: signIn } : undefined, true);
}

/** Puts a text on the clipboard and says so; a browser may forbid it. */
export async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    say("The browser did not allow copying. Select the text and copy it by hand.", undefined, true);
  }
}

/** Does something; when it fails, says what did not happen and why. Answers whether it was done. */
export async function attempt(failed: string, run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    complain(failed, error);
    return false;
  }
}

/** Once on the page, and once in each dialog: the topmost one shows them. */
export function Toasts() {
  const room = useMemo(() => Symbol(), []);
  useEffect(() => {
    rooms.value = [...rooms.value, room];
    return () => {
      rooms.value = rooms.value.filter((one) => one !== room);
    };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {rooms.value.at(-1) === room &&
        toasts.value.map((toast) => (
          <div class={`toast${toast.bad ? " bad" : ""}`} key={toast.id}>
            {toast.bad ? (
              <CircleAlert size={16} strokeWidth={1.5} />
            ) : (
              <CircleCheck size={16} strokeWidth={1.5} />
            )}
            <p>{toast.text}</p>
            {toast.action && (
              <button
                type="button"
                class="button"
                onClick={() => {
                  toast.action?.run();
                  toasts.value = toasts.value.filter((other) => other.id !== toast.id);
                }}
              >
                {toast.action.label}
              </button>
            )}
            <button
              type="button"
              class="icon-button"
              aria-label="Dismiss"
              onClick={() => {
                toasts.value = toasts.value.filter((other) => other.id !== toast.id);
              }}
            >
              <X size={16} strokeWidth={1.5} />
            </button>
          </div>
        ))}
    </div>
  );
}
