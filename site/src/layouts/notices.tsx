import { useSignal } from "@preact/signals";
import { Bell } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client.ts";
import { hearNotices } from "../api/live.ts";
import type { Notice } from "../api/types.ts";
import { ago, date } from "../ui/words.ts";
import "./notices.css";

const sentences: Record<Notice["kind"], (notice: Notice) => string> = {
  mention: ({ actorName, assetName }) => `${actorName} mentioned you on ${assetName}`,
  reply: ({ actorName, assetName }) => `${actorName} replied on ${assetName}`,
  "review-requested": ({ actorName, assetName, dueAt }) =>
    `${actorName} asks for your review of ${assetName}${dueAt ? ` by ${date(dueAt)}` : ""}`,
  verdict: ({ actorName, assetName }) => `${actorName} gave a verdict on ${assetName}`,
};

interface List {
  items: Notice[];
  unread: number;
}

/** What a person should look at, wherever it happened. */
export function Notices() {
  const list = useSignal<List>({ items: [], unread: 0 });
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const load = async () => {
    list.value = await api.get<List>("/notices", { limit: 30 }).catch(() => list.value);
  };
  useEffect(() => {
    void load();
    const stop = hearNotices(() => void load());
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", away);
    return () => {
      stop();
      document.removeEventListener("pointerdown", away);
    };
  }, []);
  const show = () => {
    open.value = !open.value;
    if (open.value) void load();
  };
  const readAll = async () => {
    list.value = {
      items: list.value.items.map((one) => ({ ...one, readAt: one.readAt ?? one.at })),
      unread: 0,
    };
    await api.post("/notices/read").catch(() => undefined);
  };
  const { items, unread } = list.value;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes, whatever inside has the focus
    <div
      class="notices"
      ref={root}
      onKeyDown={(event) => {
        if (event.key === "Escape") open.value = false;
      }}
    >
      <button
        type="button"
        class="icon-button"
        aria-label={unread > 0 ? `Notices, ${unread} unread` : "Notices"}
        aria-expanded={open.value}
        aria-haspopup="true"
        onClick={show}
      >
        <Bell size={16} strokeWidth={1.5} aria-hidden="true" />
        {unread > 0 && <span class="notices-dot" aria-hidden="true" />}
      </button>
      {open.value && (
        <section class="notices-list" aria-label="Notices">
          <header>
            <h2>Notices</h2>
            {unread > 0 && (
              <button type="button" class="link small" onClick={() => void readAll()}>
                Mark all read
              </button>
            )}
          </header>
          {items.length === 0 ? (
            <p class="quiet">Mentions, replies and requests for your review appear here.</p>
          ) : (
            <ul>
              {items.map((notice) => (
                <li key={notice.id} class={notice.readAt ? "" : "unread"}>
                  <a
                    href={`/a/${notice.assetId}?v=${notice.versionId}${notice.commentId ? `&c=${notice.commentId}` : ""}`}
                    onClick={() =>
                      void api.post("/notices/read", { ids: [notice.id] }).catch(() => undefined)
                    }
                  >
                    <span>{sentences[notice.kind](notice)}</span>
                    {notice.text && <span class="quiet small ellipsis">{notice.text}</span>}
                    <time class="quiet small" dateTime={notice.at}>
                      {notice.projectName} · {ago(notice.at)}
                    </time>
                  </a>
                </li>
              ))}
            </ul>
          )}
        </section>
      )}
    </div>
  );
}
