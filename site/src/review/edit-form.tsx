import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Comment } from "../api/types.ts";
import { focusNow } from "../ui/focus-now.ts";
import type { Review } from "./review.ts";

/** In place of a comment's text, while its author changes it. */
export function EditForm({ review, comment }: { review: Review; comment: Comment }) {
  const text = useSignal(comment.text);
  /** What these words replace. The comment on the page may be a newer one already. */
  const opened = useRef(comment);
  const stop = () => {
    review.editing.value = undefined;
  };
  const save = async () => {
    if (!text.value.trim()) return;
    const other = await review.edit(opened.current, text.value.trim());
    if (!other) stop();
    else opened.current = other;
  };
  return (
    <form
      class="reply-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        ref={focusNow}
        class="input"
        rows={3}
        aria-label="Edit comment"
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") stop();
        }}
      />
      <div class="composer-row">
        <button type="button" class="button plain" onClick={stop}>
          Cancel
        </button>
        <button type="submit" class="button">
          Save
        </button>
      </div>
    </form>
  );
}
