import { useSignal } from "@preact/signals";
import { File, Folder as FolderIcon, MessageSquare, Search as SearchIcon, User } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Found } from "../api/types.ts";
import type { Browse } from "./browse.ts";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

interface Hit {
  key: string;
  icon: typeof File;
  title: string;
  text?: string;
  href?: string;
}

function hitsOf(found: Found, projectId: string): Hit[] {
  return [
    ...found.assets.map(({ id, name }) => ({ key: id, icon: File, title: name, href: `/a/${id}` })),
    ...found.folders.map(({ id, name }) => ({
      key: id,
      icon: FolderIcon,
      title: name,
      href: `/p/${projectId}?folder=${id}`,
    })),
    ...found.comments.map(({ id, assetId, versionId, assetName, authorName, text }) => ({
      key: id,
      icon: MessageSquare,
      title: text,
      text: `${authorName} on ${assetName}`,
      href: `/a/${assetId}?v=${versionId}&c=${id}`,
    })),
    ...found.people.map(({ id, name, email }) => ({ key: id, icon: User, title: name, text: email })),
  ];
}

/** Finds names, comments and people of the project while one types; Enter filters the list below. */
export function Search({ browse }: { browse: Browse }) {
  const text = useSignal(browse.query.value.q);
  const hits = useSignal<Hit[]>([]);
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const { id: projectId } = browse.start.project;

  useEffect(() => {
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, []);

  const look = (value: string) => {
    text.value = value;
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      const q = value.trim();
      browse.ask({ q });
      if (!q) {
        hits.value = [];
        open.value = false;
        return;
      }
      const found = await api.get<Found>("/search", { projectId, q, limit: 6 }).catch(() => undefined);
      if (!found || text.value.trim() !== q) return;
      hits.value = hitsOf(found, projectId);
      open.value = hits.value.length > 0 && document.activeElement?.closest(".search-box") !== null;
    }, 160);
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === "Escape" || event.key === "Enter") {
      if (event.target instanceof HTMLInputElement) open.value = false;
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const links = [...(root.current?.querySelectorAll<HTMLElement>("input, .search-hits a") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[(at + (event.key === "ArrowDown" ? 1 : links.length - 1)) % links.length]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the field and its results
    <div class="search-box" ref={root} onKeyDown={move}>
      <SearchIcon {...icon} />
      <input
        class="input"
        type="search"
        aria-label="Search in this project"
        placeholder="Search names, comments, people"
        value={text.value}
        onInput={(event) => look(event.currentTarget.value)}
        onFocus={() => {
          open.value = hits.value.length > 0;
        }}
      />
      {open.value && (
        <ul class="search-hits" aria-label="Search results">
          {hits.value.map(({ key, icon: Icon, title, text: more, href }) => {
            const body = (
              <>
                <Icon {...icon} />
                <span class="ellipsis">
                  {title}
                  {more && <span class="quiet small"> {more}</span>}
                </span>
              </>
            );
            return <li key={key}>{href ? <a href={href}>{body}</a> : <div>{body}</div>}</li>;
          })}
        </ul>
      )}
    </div>
  );
}
