import { focusNow } from "../ui/focus-now.ts";
import type { Review } from "./review.ts";

interface Props {
  review: Review;
  editing: NonNullable<Review["editing"]["value"]>;
}

/** In place of a comment's text, while its author changes it. The comment on the page may be a newer one already. */
export function EditForm({ review, editing: { opened, text } }: Props) {
  const stop = () => {
    review.editing.value = undefined;
  };
  const save = async () => {
    if (!text.trim()) return;
    const other = await review.edit(opened, text.trim());
    if (review.editing.value?.opened.id !== opened.id) return;
    if (!other) stop();
    else review.editing.value = { ...review.editing.value, opened: other };
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
        value={text}
        onInput={(event) => {
          review.editing.value = { opened, text: event.currentTarget.value };
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
