import { useSignal } from "@preact/signals";
import type { Comment } from "../api/types.ts";
import { focusNow } from "../ui/focus-now.ts";
import type { Review } from "./review.ts";

/** In place of a comment's text, while its author changes it. */
export function EditForm({ review, comment }: { review: Review; comment: Comment }) {
  const text = useSignal(comment.text);
  const stop = () => {
    review.editing.value = undefined;
  };
  const save = async () => {
    if (text.value.trim() && (await review.edit(comment, text.value.trim()))) stop();
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
