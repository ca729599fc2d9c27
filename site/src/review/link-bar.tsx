import { signInHere } from "../ui/toasts.tsx";
import type { Review } from "./review.ts";

/** Says that the page can no longer be kept true, and the way on. */
export function LinkBar({ review }: { review: Review }) {
  const { value: link } = review.link;
  const { guest, project } = review.start;
  if (link === "up" || link === "down") return null;
  if (guest)
    return (
      <div class="lead-bar" role="alert">
        This link was taken back or has ended. Ask the person who sent it for a new one.
      </div>
    );
  if (link === "signed-out") {
    const signIn = () => {
      const url = new URL(location.href);
      url.searchParams.delete("c");
      url.searchParams.set("f", String(review.player.head.value));
      history.replaceState(history.state, "", url);
      location.assign(signInHere());
    };
    return (
      <div class="lead-bar" role="alert">
        You are signed out. What you have written is kept.
        <button type="button" class="button" onClick={signIn}>
          Sign in again
        </button>
      </div>
    );
  }
  return (
    <div class="lead-bar" role="alert">
      This was deleted, or you are no longer a member of {project.name}.
      <a class="button" href="/">
        All projects
      </a>
    </div>
  );
}
