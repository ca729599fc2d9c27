import { useSignal } from "@preact/signals";
import { Download, ListFilter, Search } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { saveFile } from "../api/client.ts";
import { focusNow } from "../ui/focus-now.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { complain } from "../ui/toasts.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";
import { count } from "../ui/words.ts";
import { ThreadView } from "./comment.tsx";
import type { Review } from "./review.ts";
import type { Show, Sort } from "./threads.ts";

const shows: Record<Show, string> = {
  all: "All comments",
  open: "Open",
  resolved: "Resolved",
  mine: "Mine",
  mentioned: "Mentioning me",
};
const sorts: Record<Sort, string> = { frame: "By frame", newest: "Newest first", oldest: "Oldest first" };
const formats = [
  ["csv", "CSV table"],
  ["json", "JSON"],
  ["edl", "EDL, Resolve markers"],
  ["fcpxml", "FCPXML, Final Cut"],
  ["xmeml", "XML, Premiere"],
  ["avid", "Avid markers"],
  ["otio", "OpenTimelineIO"],
  ["pdf", "PDF with stills"],
] as const;

export function Comments({ review }: { review: Review }) {
  const searching = useSignal(false);
  const list = useRef<HTMLDivElement>(null);
  const { filter, shown, selected } = review;
  const { show, sort, author, text } = filter.value;
  const filtered = show !== "all" || author !== undefined || text !== "";
  const set = (change: Partial<typeof filter.value>) => {
    filter.value = { ...filter.value, ...change };
  };

  const save = (format: string) =>
    saveFile("/comments/export", { versionId: review.version.value.id, format }, `comments.${format}`).catch(
      (error: unknown) => complain("The export was not made.", error),
    );

  useEffect(() => {
    if (!selected.value) return;
    list.current?.querySelector(`[data-comment="${selected.value}"]`)?.scrollIntoView({ block: "nearest" });
  }, [selected.value]);

  return (
    <div class="comments">
      <div class="comments-bar">
        <span class="small quiet">
          <strong class="numbers">{review.open.value.toLocaleString("en-GB")}</strong> open
          {filtered && `, ${count(shown.value.length, "thread")} shown`}
        </span>
        <span class="comments-tools">
          <button
            type="button"
            class="icon-button"
            aria-label="Search comments"
            title="Search comments"
            aria-pressed={searching.value}
            onClick={() => {
              searching.value = !searching.value;
              if (!searching.value) set({ text: "" });
            }}
          >
            <Search size={16} strokeWidth={1.5} />
          </button>
          <Menu
            label="Filter and sort"
            align="end"
            class={`icon-button${filtered ? " filtered" : ""}`}
            trigger={<ListFilter size={16} strokeWidth={1.5} />}
          >
            {(Object.keys(shows) as Show[]).map((key) => (
              <MenuItem key={key} checked={show === key} onSelect={() => set({ show: key })}>
                {shows[key]}
              </MenuItem>
            ))}
            {review.versions.value.some(({ number }) => number < review.version.value.number) && (
              <MenuItem
                checked={review.older.value !== undefined}
                onSelect={() =>
                  void review
                    .showOlder(review.older.value === undefined)
                    .catch((error: unknown) => complain("The older comments could not be read.", error))
                }
              >
                Older versions too
              </MenuItem>
            )}
            <hr />
            {(Object.keys(sorts) as Sort[]).map((key) => (
              <MenuItem key={key} checked={sort === key} onSelect={() => set({ sort: key })}>
                {sorts[key]}
              </MenuItem>
            ))}
            {review.authors.value.length > 1 && <hr />}
            {review.authors.value.length > 1 &&
              review.authors.value.slice(0, 30).map((name) => (
                <MenuItem
                  key={name}
                  checked={author === name}
                  onSelect={() => set({ author: author === name ? undefined : name })}
                >
                  By {name}
                </MenuItem>
              ))}
          </Menu>
          {!review.start.guest && (
            <Menu label="Export comments" align="end" trigger={<Download size={16} strokeWidth={1.5} />}>
              {formats.map(([format, words]) => (
                <MenuItem key={format} onSelect={() => void save(format)}>
                  {words}
                </MenuItem>
              ))}
            </Menu>
          )}
        </span>
      </div>
      {searching.value && (
        <div class="comments-search">
          <input
            class="input"
            type="search"
            aria-label="Search in comments"
            placeholder="Words or a name"
            ref={focusNow}
            value={text}
            onInput={(event) => set({ text: event.currentTarget.value })}
          />
        </div>
      )}
      <div class="comments-list" ref={list}>
        {shown.value.length === 0 ? (
          <Nothing
            review={review}
            filtered={filtered}
            onClear={() => set({ show: "all", author: undefined, text: "" })}
          />
        ) : (
          <VirtualList
            label="Comments"
            items={shown.value}
            idOf={(thread) => review.keyOf(thread.root.id)}
            estimate={112}
            reveal={selected.value && review.keyOf(selected.value)}
            render={(thread) => (
              <ThreadView review={review} thread={thread} selected={selected.value === thread.root.id} />
            )}
          />
        )}
      </div>
    </div>
  );
}

function Nothing({ review, filtered, onClear }: { review: Review; filtered: boolean; onClear: () => void }) {
  if (filtered)
    return (
      <div class="empty">
        <p>No comment fits this filter.</p>
        <button type="button" class="button" onClick={onClear}>
          Show all comments
        </button>
      </div>
    );
  return (
    <div class="empty">
      <p>
        {review.rights.comment
          ? "No comments yet. Pause where something should change and say what."
          : "No comments yet."}
      </p>
    </div>
  );
}
