import { SmilePlus } from "lucide-preact";
import { api } from "../api/client.ts";
import type { Comment } from "../api/types.ts";
import { Menu, MenuItem } from "../ui/menu.tsx";
import { complain } from "../ui/toasts.tsx";
import type { Review } from "./review.ts";

const offered = [
  ["👍", "Thumbs up"],
  ["❤️", "Heart"],
  ["🎉", "Celebrate"],
  ["😄", "Smile"],
  ["👀", "Looking"],
  ["✅", "Done"],
] as const;

async function react(review: Review, comment: Comment, emoji: string, on: boolean): Promise<void> {
  try {
    review.put(await api.post<Comment>(`/comments/${comment.id}/reactions`, { emoji, on }));
  } catch (error) {
    complain("Your reaction was not kept.", error);
  }
}

/** What people answered with a single sign; a press adds one's own or takes it back. */
export function Reactions({ review, comment }: { review: Review; comment: Comment }) {
  if (comment.reactions.length === 0) return null;
  return (
    <ul class="reactions" aria-label="Reactions">
      {comment.reactions.map(({ emoji, count, names, mine }) => (
        <li key={emoji}>
          <button
            type="button"
            class="reaction"
            aria-pressed={mine}
            title={names.join(", ")}
            disabled={!review.rights.comment}
            onClick={() => void react(review, comment, emoji, !mine)}
          >
            {emoji} <span class="numbers">{count}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function ReactMenu({ review, comment }: { review: Review; comment: Comment }) {
  return (
    <Menu label="React" align="end" trigger={<SmilePlus size={16} strokeWidth={1.5} aria-hidden="true" />}>
      {offered.map(([emoji, words]) => (
        <MenuItem key={emoji} onSelect={() => void react(review, comment, emoji, true)}>
          {emoji} {words}
        </MenuItem>
      ))}
    </Menu>
  );
}
